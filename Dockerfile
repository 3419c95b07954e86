# Build: everything that the lock file pins, then one executable.
FROM oven/bun:1.4.5 AS build
WORKDIR /src

# The dependencies are a layer of their own: they change less often than the source.
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile

COPY tsconfig.json ./
COPY db ./db
COPY src ./src
# The run stage has no shell, so the data directory is made here.
RUN bun run build && mkdir -m 0700 /data

# Run: glibc, CA certificates, the executable. No shell, no package manager.
FROM gcr.io/distroless/base-debian12:nonroot
LABEL org.opencontainers.image.title="Policy Mesh" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=build /src/dist/policy-mesh /usr/local/bin/policy-mesh
COPY --from=build --chown=65532:65532 /data /data

# The gateway has no authentication yet. Beyond loopback it starts only with ALLOW_ANONYMOUS=true, which is left to
# whoever runs the image: publish the port on 127.0.0.1, or put something in front that decides who may call.
ENV HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data

USER 65532:65532
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/policy-mesh", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/policy-mesh"]
CMD ["serve"]
