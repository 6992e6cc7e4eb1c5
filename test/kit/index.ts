export { type ApiGate, type ApiWrite, startApiGate, type Strike, type StrikeMoment } from './api-gate.ts';
export { makeServerCertificate, type ServerCertificate } from './certificates.ts';
export {
  type ControllerName,
  type ControllerOptions,
  type LogLine,
  type RunningController,
  startController,
} from './controller.ts';
export { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';
export { type CommitOptions, type FileContent, type Files, git } from './git-repository.ts';
export {
  type GitAuth,
  type GitFault,
  type GitRequest,
  type GitServer,
  type GitServerOptions,
  startGitServer,
} from './git-server.ts';
export { type HelmFolder, openHelmFolder } from './helm.ts';
export { type HttpSink, httpSink, type ReceivedRequest, type SinkAnswer } from './http-sink.ts';
export {
  fluxConfigType,
  fluxLayerType,
  type PushedLayer,
  type PushedManifest,
  type Registry,
  type RegistryAuth,
  type RegistryOptions,
  startRegistry,
} from './registry.ts';
export { ownCluster, sharedCluster, type SharedClusterOptions, type TestCluster, testLabel } from './shared-cluster.ts';
export { type ProxyServer, type ProxyServerOptions, startProxyServer } from './proxy-server.ts';
export { knownHostsLine, makeSshKey, type SshKey, type SshKeyType } from './ssh-keys.ts';
export {
  gpgSigner,
  hasProgram,
  pgpSigner,
  signCommit,
  type Signer,
  signTag,
  sshKeygenSigner,
  sshSigner,
} from './signers.ts';
export { sshdPath, type SshServer, type SshServerOptions, startSshServer } from './ssh-server.ts';
export { type S3Server, startS3Server } from './s3-server.ts';
export { checkStatus, type StatusRuleOptions, statusViolations } from './status-rules.ts';
export { waitFor, type WaitOptions } from './wait-for.ts';
