# One image for web, workers, clock and migrations: docker compose build
# The Python and the Debian that the tests run on and that get security updates.
ARG BASE=python:3.11-slim-trixie

FROM ${BASE} AS build
ENV UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /src

# uv, in the version and with the hashes of the lock.
COPY requirements.lock ./
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > /tmp/uv.txt \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/uv.txt \
    && uv venv /opt/sectionwire
ENV VIRTUAL_ENV=/opt/sectionwire

# What Sectionwire needs to run, without the tools of development: pyproject.toml says which packages, the lock says
# which versions and hashes. The last command fails should anything have come that the lock doesn't name.
COPY pyproject.toml ./
RUN uv pip install --no-build --constraints requirements.lock --requirements pyproject.toml \
    && sed -n 's/^\([^ ]*==[^ ;]*\).*/\1/p' requirements.lock > /tmp/locked.txt \
    && uv pip freeze > /tmp/installed.txt \
    && ! grep --invert-match --line-regexp --fixed-strings --file=/tmp/locked.txt /tmp/installed.txt

# Sectionwire itself; the tools that build its wheel come from the lock too.
COPY README.md LICENSE ./
COPY config config
COPY pipeline pipeline
COPY workers workers
RUN /opt/sectionwire/bin/pybabel --quiet compile --directory pipeline/desk/locale --domain django \
    && uv pip install --no-deps --build-constraints requirements.lock . \
    && SECTIONWIRE_STATIC=/opt/sectionwire/static /opt/sectionwire/bin/sectionwire collectstatic --no-input


FROM ${BASE}
ENV PATH=/opt/sectionwire/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    ORT_DISABLE_TELEMETRY=1 \
    SECTIONWIRE_HOME=/srv/sectionwire \
    SECTIONWIRE_STATIC=/opt/sectionwire/static \
    SECTIONWIRE_LOG_FORMAT=json
# The number never changes: it owns what lies in the volumes. A new volume takes over the owner of these folders.
RUN groupadd --system --gid 10001 sectionwire \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /tmp sectionwire \
    && install --directory --owner=10001 --group=10001 \
        /srv/sectionwire /srv/sectionwire/models /srv/sectionwire/outputs /srv/sectionwire/aligners
COPY --from=build /opt/sectionwire /opt/sectionwire
USER 10001:10001
WORKDIR /srv/sectionwire
# Health checks differ by service: they are in compose.yaml.
ENTRYPOINT ["sectionwire"]
