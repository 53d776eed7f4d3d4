"""The compact form of a spec, one URL segment: ``crop:10:20:400:300,rs:cover:300:200,gray,f:webp,q:80``.

``,`` stands between steps, ``:`` between arguments, ``p`` for percent; an empty argument is the default."""

from imgsvc.domain.notation.arguments import is_number, number
from imgsvc.domain.notation.names import MAX_LENGTH, PRESET
from imgsvc.domain.notation.parsing import parse, parse_changes
from imgsvc.domain.notation.printing import compact

__all__ = ["MAX_LENGTH", "PRESET", "compact", "is_number", "number", "parse", "parse_changes"]
