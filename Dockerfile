# One image per controller: docker build --build-arg CONTROLLER=source -t sluice/source-controller:v0.1.0 .
# It packs what `make dist` wrote, nothing else.
FROM node:24-slim
ARG CONTROLLER
COPY dist/${CONTROLLER}-controller.mjs dist/${CONTROLLER}-controller.mjs.map dist/${CONTROLLER}-controller.LICENSES.txt /app/
# Loaded by kustomize-controller when a Kustomization has an OpenPGP key.
COPY dist/openpgp.mjs /app/
RUN ln -s /app/${CONTROLLER}-controller.mjs /app/manager.mjs
# The root file system is read-only in the Deployment; the compile cache goes where it may write.
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/compile-cache
USER 65534:65534
ENTRYPOINT ["node", "--enable-source-maps", "/app/manager.mjs"]
