"""Specs that cannot be done, and renderings that failed."""

from imgsvc.domain.errors.base import ImgsvcError, InvalidInput


class UnknownOperation(InvalidInput):
    """There is no operation of this name."""

    code = "unknown_operation"


class TooManyOperations(InvalidInput):
    """The spec has more steps, or more watermarks, than one may have."""

    code = "too_many_operations"


class CropOutOfBounds(InvalidInput):
    """The crop and the picture have no pixel in common."""

    code = "crop_out_of_bounds"


class OutputTooLarge(InvalidInput):
    """A picture on the way to the result would be over the limits."""

    code = "output_too_large"


class TooMuchMemory(InvalidInput):
    """The rendering takes more memory than one may have, which is known before it begins."""

    code = "too_much_memory"


class TooManyBytes(InvalidInput):
    """No quality makes the result as small as it was to be."""

    code = "max_bytes_unreachable"


class UseAsync(InvalidInput):
    """The rendering costs more than anybody should wait for; it can be had as a job."""

    code = "use_async"


class UnknownPreset(InvalidInput):
    """The caller has no preset of this name."""

    code = "unknown_preset"


class UnsupportedOutput(InvalidInput):
    """The format is not one that we write, or it cannot say what the output asks of it."""

    code = "unsupported_output"


class RenderingFailed(ImgsvcError):
    """The picture passed every check and still could not be rendered; doing the same again rarely helps."""

    code = "processing_failed"


class RenderingTimedOut(RenderingFailed):
    """The rendering took longer than one may, and was given up."""

    code = "processing_timeout"


class RenderingCrashed(RenderingFailed):
    """The decoder ended while it worked; the picture may have done that, or the machine."""

    code = "decoder_crashed"


class RenderingOutOfMemory(RenderingFailed):
    """The rendering took more memory than it may; a smaller result takes less, and so does one of another format."""

    code = "out_of_memory"
