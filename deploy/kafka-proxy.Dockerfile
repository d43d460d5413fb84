# The Kafka proxy: one static program and nothing else. Build the program first,
# and give its folder as the context:
#   make build && docker build -f deploy/kafka-proxy.Dockerfile -t faultline-kafka-proxy bin
# There is no shell in it, and no CA: a cluster behind TLS takes --upstream-ca.
FROM scratch
COPY faultline /faultline
# Its journal, its socket and its token. Mount a folder of a local disk here:
# what is published of the ground truth after a crash is read from it.
ENV FAULTLINE_HOME=/state
ENTRYPOINT ["/faultline"]
CMD ["kafka-proxy", "--help"]
