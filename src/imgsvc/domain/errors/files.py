"""What is wrong with a file that was to be a picture."""

from imgsvc.domain.errors.base import InvalidInput


class EmptyFile(InvalidInput):
    """The file has no bytes."""

    code = "empty_file"


class CorruptImage(InvalidInput):
    """The header can be read, the pixels cannot."""

    code = "corrupt_image"


class ImageTooLarge(InvalidInput):
    """Too many pixels, known from the header alone."""

    code = "image_too_large"


class TooManyFrames(InvalidInput):
    """The animation has more frames than one may have."""

    code = "too_many_frames"


class UnsupportedFormat(InvalidInput):
    """Not a picture that we read."""

    code = "unsupported_format"


class TypeMismatch(UnsupportedFormat):
    """A picture, but labelled as something else."""

    code = "type_mismatch"


class FileTooLarge(InvalidInput):
    """Too many bytes."""

    code = "file_too_large"
