# OmniForge with its command line as the entry point: `serve`, `worker`, `keys` and everything else.
# Temporal's native parts need glibc: no Alpine.
FROM node:24-slim AS build
WORKDIR /source
COPY . .
# The second install is what the packages need to run, exactly as the lock file has it: drivers and providers, too.
RUN npm run setup && npm run build \
  && npm ci --omit=dev --no-audit --no-fund --workspace packages/omniforge --workspace packages/temporal \
  && rm -rf packages/*/src

FROM node:24-slim
# Temporal's native parts trust the system's authorities, and the slim image has none.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /source/package.json /source/package-lock.json ./
COPY --from=build /source/node_modules node_modules
COPY --from=build /source/packages packages
RUN mkdir .omniforge && chown node .omniforge
USER node
# An image of your own adds your agents: FROM this one, COPY omniforge.config.ts /app/
ENTRYPOINT ["node_modules/.bin/omniforge"]
CMD ["--help"]
