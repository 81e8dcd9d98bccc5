# The one image of Newsline: its command, Airflow, our DAGs and plugins. docker-compose.yml and
# deploy/kubernetes start all services of ours from it.
#
# Versions of packages come from requirements/*.txt with their hashes. The base is pinned by
# version; to pin it by content as well, put its digest behind the tag: docs/deployment.md.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# What makes a wheel of our own package stays in this stage.
COPY requirements/build.txt requirements/
RUN python -m venv tools && tools/bin/pip install --require-hashes --requirement requirements/build.txt

# --no-deps: the lock is complete. --only-binary: no package runs code of its own to be installed.
COPY requirements/airflow.txt requirements/
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-deps --only-binary :all: --require-hashes \
        --requirement requirements/airflow.txt

COPY LICENSE NOTICE README.md pyproject.toml ./
COPY pipeline pipeline
RUN tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && pip --python /opt/venv/bin/python install --no-deps --no-index wheels/*.whl \
    && pip --python /opt/venv/bin/python check \
    && /opt/venv/bin/python -m pipeline.adapters.places

# A .pth file runs code at every start of Python, which is how stolen packages came to do harm.
# None of ours has one.
RUN test -z "$(find /opt/venv -name '*.pth' -print)"

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Newsline" \
    org.opencontainers.image.description="News feeds to a balanced, searchable, enriched index" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

# Nothing is installed in a running container. Folders of data belong to group 0 and so does every
# user that a container is given (compose and Kubernetes give their own), as in Elastic's images.
RUN pip uninstall --yes --quiet --root-user-action=ignore wheel setuptools pip \
    && useradd --uid 1000 --gid 0 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin newsline \
    && install -d -m 2770 -o 1000 -g 0 /opt/airflow /var/log/airflow /var/lib/newsline \
        /var/lib/newsline/data /var/lib/newsline/snapshots /var/lib/newsline/index-keys /var/lib/newsline/reader-keys \
        /var/lib/newsline/certificates/private /var/lib/newsline/certificates/authority \
        /var/lib/newsline/certificates/elasticsearch /var/lib/newsline/certificates/kibana

COPY --from=build /opt/venv /opt/venv
COPY LICENSE NOTICE /opt/newsline/
COPY config /opt/newsline/config
COPY dags /opt/newsline/dags
COPY plugins /opt/newsline/plugins
COPY deploy /opt/newsline/deploy

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/newsline/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/newsline/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/var/log/airflow \
    NEWSLINE_CONFIG_DIR=/opt/newsline/config \
    NEWSLINE_CONFIG=/opt/newsline/config/pipeline.toml \
    NEWSLINE_FEEDS=/opt/newsline/config/feeds.toml \
    NEWSLINE_DATA=/var/lib/newsline/data
WORKDIR /opt/newsline
USER 1000:0
CMD ["newsline", "--help"]
