"""``python -m docs``: writes docs/transforms.md and docs/errors.md, and draws the pictures."""

from docs import errors, page, pictures
from imgsvc.entrypoints.composition import compose_engine
from imgsvc.entrypoints.settings import Settings


def main() -> None:
    with compose_engine(Settings()) as engine:
        pictures.draw(engine)
    page.PATH.write_text(page.text(), encoding="utf-8")
    errors.PATH.write_text(errors.text(), encoding="utf-8")


if __name__ == "__main__":
    main()
