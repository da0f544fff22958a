# OmniForge with its command line as the entry point: `serve`, `worker`, `keys` and everything else.
# Temporal's native parts need glibc: no Alpine.
FROM node:24-slim AS build
WORKDIR /source
COPY . .
RUN npm run setup && npm run build && mkdir /packed \
  && npm pack --workspace packages/omniforge --workspace packages/temporal --pack-destination /packed

FROM node:24-slim
# The image has none, and a worker's native parts trust no TLS without them.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /packed /packed
# The drivers and providers are optional: leave out what you do not use.
RUN npm init --yes >/dev/null && npm install --omit=dev --no-audit --no-fund /packed/*.tgz \
  pg@8 redis@6 @ai-sdk/anthropic@4 @ai-sdk/google@4 @ai-sdk/openai@4 \
  && rm -rf /packed /root/.npm && mkdir .omniforge && chown node .omniforge
USER node
# An image of your own adds your agents: FROM this one, COPY omniforge.config.ts /app/
ENTRYPOINT ["node_modules/.bin/omniforge"]
CMD ["--help"]
