/** The programs that demo and tests run. All of them are other projects' binaries: nothing here is linked into Sluice. */
export type ToolName =
  | 'kube-apiserver'
  | 'etcd'
  | 'kubectl'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kwok'
  | 'kustomize'
  | 'cel-oracle'
  | 'sops'
  | 'age-keygen'
  | 'registry'
  | 'gofakes3'
  | 'helm'
  | 'nats-server';

/** Where a project publishes its binaries, with the file that lists their sha256. */
export interface Release {
  readonly url: string;
  readonly checksumUrl: string;
  /** Path of the binary inside a tar.gz; absent when the URL is the binary itself. */
  readonly member?: string;
}

export interface Tool {
  readonly version: string;
  /** Folder under hack/tools whose go.mod pins the sources. */
  readonly module: string;
  readonly package: string;
  readonly linkFlags: string;
  /** How long a first build takes on two cores, in words. */
  readonly buildTime: string;
  /** Absent when the project publishes no checksums: then only the Go module, which has its own sums, is trusted. */
  readonly release?: (platform: Platform) => Release;
}

export interface Platform {
  readonly os: string;
  readonly arch: string;
}

const kubernetesVersion = 'v1.36.3';

// Without these the binary calls itself v0.0.0-master+$Format:…$, which clients refuse to parse.
const kubernetesLinkFlags = [
  `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
  '-X k8s.io/component-base/version.gitMajor=1',
  '-X k8s.io/component-base/version.gitMinor=36',
].join(' ');

const kubernetesTool = (command: string, buildTime: string): Tool => ({
  version: kubernetesVersion,
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${command}`,
  linkFlags: kubernetesLinkFlags,
  buildTime,
  release: ({ os, arch }) => {
    const url = `https://dl.k8s.io/release/${kubernetesVersion}/bin/${os}/${arch}/${command}`;
    return { url, checksumUrl: `${url}.sha256` };
  },
});

export const tools: Readonly<Record<ToolName, Tool>> = {
  kustomize: {
    version: 'v5.8.1',
    module: 'kustomize',
    package: 'sigs.k8s.io/kustomize/kustomize/v5',
    linkFlags: '-X sigs.k8s.io/kustomize/api/provenance.version=v5.8.1',
    buildTime: 'about half a minute',
    release: ({ os, arch }) => {
      const folder = 'https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv5.8.1';
      return {
        url: `${folder}/kustomize_v5.8.1_${os}_${arch}.tar.gz`,
        checksumUrl: `${folder}/checksums.txt`,
        member: 'kustomize',
      };
    },
  },
  // Our own few lines around cel-go; the last number moves with them.
  'cel-oracle': {
    version: 'v0.26.0-1',
    module: 'cel-oracle',
    package: '.',
    linkFlags: '',
    buildTime: 'about half a minute',
  },
  'kube-apiserver': kubernetesTool('kube-apiserver', 'about 4 minutes'),
  etcd: {
    version: 'v3.6.5',
    module: 'etcd',
    package: 'go.etcd.io/etcd/server/v3',
    linkFlags: '',
    buildTime: 'about half a minute',
    release: ({ os, arch }) => {
      const folder = 'https://github.com/etcd-io/etcd/releases/download/v3.6.5';
      const name = `etcd-v3.6.5-${os}-${arch}`;
      return { url: `${folder}/${name}.tar.gz`, checksumUrl: `${folder}/SHA256SUMS`, member: `${name}/etcd` };
    },
  },
  kubectl: kubernetesTool('kubectl', 'about a minute'),
  'kube-controller-manager': kubernetesTool('kube-controller-manager', 'about a minute'),
  'kube-scheduler': kubernetesTool('kube-scheduler', 'about half a minute'),
  kwok: {
    version: 'v0.8.0',
    module: 'kwok',
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    linkFlags: '',
    buildTime: 'about half a minute',
  },
  sops: {
    version: 'v3.13.3',
    module: 'sops',
    package: 'github.com/getsops/sops/v3/cmd/sops',
    linkFlags: '',
    buildTime: 'about two minutes',
  },
  'age-keygen': {
    version: 'v1.3.2',
    module: 'age',
    package: 'filippo.io/age/cmd/age-keygen',
    linkFlags: '',
    buildTime: 'a few seconds',
  },
  registry: {
    version: 'v3.1.2',
    module: 'distribution',
    package: 'github.com/distribution/distribution/v3/cmd/registry',
    linkFlags: '',
    buildTime: 'about a minute',
  },
  gofakes3: {
    version: 'v1.2.0',
    module: 'gofakes3',
    package: 'github.com/johannesboyne/gofakes3/cmd/gofakes3',
    linkFlags: '',
    buildTime: 'a few seconds',
  },
  helm: {
    version: 'v3.22.0',
    module: 'helm',
    package: 'helm.sh/helm/v3/cmd/helm',
    linkFlags: '-X helm.sh/helm/v3/internal/version.version=v3.22.0',
    buildTime: 'about a minute',
  },
  'nats-server': {
    version: 'v2.15.2',
    module: 'nats',
    package: 'github.com/nats-io/nats-server/v2',
    linkFlags: '',
    buildTime: 'about half a minute',
  },
};

export function isToolName(text: string): text is ToolName {
  return Object.hasOwn(tools, text);
}

/** This machine in Go's words, which the download sites use too. */
export function currentPlatform(): Platform {
  return { os: process.platform, arch: process.arch === 'x64' ? 'amd64' : process.arch };
}
