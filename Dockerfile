# imgsvc in a container: imgsvc serve, or whatever command of imgsvc it is given. docs/deployment.md tells how to run it.
#
# The base is pinned by version. To pin its bytes as well, add the digest that your registry shows (docker buildx
# imagetools inspect python:3.13.15-slim-trixie) in both places: python:3.13.15-slim-trixie@sha256:...

FROM python:3.13.15-slim-trixie AS builder

ENV PIP_CONSTRAINT=/build/constraints.txt \
    PIP_BUILD_CONSTRAINT=/build/constraints.txt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /build
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY src src

# Everything comes as wheels, but for pyvips, which is published as source alone and needs no compiler: there is none here.
RUN pip wheel --only-binary=:all: --no-binary=pyvips --wheel-dir=/wheels '.[heif]'
RUN python -m venv /opt/imgsvc \
    && /opt/imgsvc/bin/pip install --no-index --find-links=/wheels 'imgsvc[heif]'


FROM python:3.13.15-slim-trixie

LABEL org.opencontainers.image.title="imgsvc" \
      org.opencontainers.image.description="A self-hosted image service" \
      org.opencontainers.image.licenses="MIT"

COPY --from=builder /opt/imgsvc /opt/imgsvc
COPY deploy/healthcheck.py /opt/imgsvc/healthcheck.py

# The folder of an installation with nothing around it: mount a volume here. With servers around it stays empty.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data

# Written to are /data, where it is used, and /tmp, where large uploads wait: all else may be mounted read-only.
ENV PATH=/opt/imgsvc/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    IMGSVC_DATA_DIR=/data \
    IMGSVC_HOST=0.0.0.0 \
    IMGSVC_LOG_FORMAT=json

# A number, so that an orchestrator can tell that it is not root.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-I", "/opt/imgsvc/healthcheck.py"]

ENTRYPOINT ["imgsvc"]
CMD ["serve"]
