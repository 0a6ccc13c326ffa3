# One image for migrate, api, worker, gateway and simulators; the command says which.
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /app/.venv
COPY deploy/requirements.lock deploy/requirements.lock
RUN /app/.venv/bin/pip install --no-cache-dir --require-hashes -r deploy/requirements.lock
COPY . .
RUN /app/.venv/bin/pip install --no-cache-dir --no-deps --editable . \
 && cd wms/web && export PATH=/app/.venv/bin:$PATH && npm ci --no-audit --no-fund && npm run build \
 && rm -rf node_modules && cd /app && python -m wms.algorithms.warm

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/wms --create-home wms
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 WMS_DATA_DIR=/var/lib/wms WMS_HTTP_HOST=0.0.0.0
WORKDIR /app
USER wms
EXPOSE 8080
CMD ["wms", "api"]
