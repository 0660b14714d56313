# devbench for the CPU: one static program and nothing else. Dockerfile.cuda has the GPUs.
#
#	docker build -t keisan-cpu . && docker run --rm keisan-cpu
ARG GO=docker.io/library/golang:1.26.10-bookworm

FROM ${GO} AS build
ARG GOPROXY
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/devbench ./cmd/devbench && \
    .ci/notices ./cmd/devbench >/out/NOTICES && \
    mkdir /out/results && chown 65532:65532 /out/results

FROM scratch
LABEL org.opencontainers.image.title="Keisan devbench, CPU" \
      org.opencontainers.image.description="Checks and measures the CPU on what neural networks are made of" \
      org.opencontainers.image.source="https://github.com/keisan-go/keisan" \
      org.opencontainers.image.licenses="MIT AND BSD-3-Clause"
COPY --from=build /out /
USER 65532:65532
WORKDIR /results
VOLUME /results
ENTRYPOINT ["/devbench"]
