/**
 * What the events of CDEvents 0.4 say, by subject and predicate: the version of each and the fields of its content. A `?`
 * marks a field that may be missing; `name` is a text that is not empty, a list is the words that a text may be.
 * @see https://github.com/cdevents/spec/tree/v0.4.1/schemas
 */
export type Shape = TextShape | readonly string[] | { readonly [field: string]: Shape };

export type TextShape = 'text' | 'name' | 'uri' | 'uri-reference' | 'texts';

export interface EventShape {
  readonly version: string;
  readonly content: Shape;
}

export const cdeventShapes: Readonly<Record<string, EventShape>> = {
  'artifact.deleted': { version: '0.1.0', content: { 'user?': 'name' } },
  'artifact.downloaded': { version: '0.1.0', content: { 'user?': 'name' } },
  'artifact.packaged': {
    version: '0.2.0',
    content: { change: { id: 'name', 'source?': 'uri-reference' }, 'sbom?': { uri: 'uri-reference' } },
  },
  'artifact.published': { version: '0.2.0', content: { 'sbom?': { uri: 'uri-reference' }, 'user?': 'name' } },
  'artifact.signed': { version: '0.2.0', content: { signature: 'name' } },
  'branch.created': { version: '0.2.0', content: { 'repository?': { id: 'name', 'source?': 'uri-reference' } } },
  'branch.deleted': { version: '0.2.0', content: { 'repository?': { id: 'name', 'source?': 'uri-reference' } } },
  'build.finished': { version: '0.2.0', content: { 'artifactId?': 'text' } },
  'build.queued': { version: '0.2.0', content: {} },
  'build.started': { version: '0.2.0', content: {} },
  'change.abandoned': { version: '0.2.0', content: { 'repository?': { id: 'name', 'source?': 'uri-reference' } } },
  'change.created': {
    version: '0.3.0',
    content: { 'description?': 'name', 'repository?': { id: 'name', 'source?': 'uri-reference' } },
  },
  'change.merged': { version: '0.2.0', content: { 'repository?': { id: 'name', 'source?': 'uri-reference' } } },
  'change.reviewed': { version: '0.2.0', content: { 'repository?': { id: 'name', 'source?': 'uri-reference' } } },
  'change.updated': { version: '0.2.0', content: { 'repository?': { id: 'name', 'source?': 'uri-reference' } } },
  'environment.created': { version: '0.2.0', content: { 'name?': 'text', 'url?': 'text' } },
  'environment.deleted': { version: '0.2.0', content: { 'name?': 'text' } },
  'environment.modified': { version: '0.2.0', content: { 'name?': 'text', 'url?': 'text' } },
  'incident.detected': {
    version: '0.2.0',
    content: {
      'description?': 'text',
      environment: { id: 'name', 'source?': 'uri-reference' },
      'service?': { id: 'name', 'source?': 'uri-reference' },
      'artifactId?': 'name',
    },
  },
  'incident.reported': {
    version: '0.2.0',
    content: {
      'description?': 'text',
      environment: { id: 'name', 'source?': 'uri-reference' },
      ticketURI: 'uri',
      'service?': { id: 'name', 'source?': 'uri-reference' },
      'artifactId?': 'name',
    },
  },
  'incident.resolved': {
    version: '0.2.0',
    content: {
      'description?': 'text',
      environment: { id: 'name', 'source?': 'uri-reference' },
      'service?': { id: 'name', 'source?': 'uri-reference' },
      'artifactId?': 'name',
    },
  },
  'pipelinerun.finished': {
    version: '0.2.0',
    content: { 'pipelineName?': 'text', 'url?': 'text', 'outcome?': 'text', 'errors?': 'text' },
  },
  'pipelinerun.queued': { version: '0.2.0', content: { 'pipelineName?': 'text', 'url?': 'text' } },
  'pipelinerun.started': { version: '0.2.0', content: { pipelineName: 'text', url: 'text' } },
  'repository.created': {
    version: '0.2.0',
    content: { name: 'name', 'owner?': 'text', url: 'name', 'viewUrl?': 'text' },
  },
  'repository.deleted': {
    version: '0.2.0',
    content: { 'name?': 'text', 'owner?': 'text', 'url?': 'text', 'viewUrl?': 'text' },
  },
  'repository.modified': {
    version: '0.2.0',
    content: { 'name?': 'text', 'owner?': 'text', 'url?': 'text', 'viewUrl?': 'text' },
  },
  'service.deployed': {
    version: '0.2.0',
    content: { environment: { id: 'name', 'source?': 'uri-reference' }, artifactId: 'name' },
  },
  'service.published': { version: '0.2.0', content: { 'environment?': { id: 'name', 'source?': 'uri-reference' } } },
  'service.removed': { version: '0.2.0', content: { 'environment?': { id: 'name', 'source?': 'uri-reference' } } },
  'service.rolledback': {
    version: '0.2.0',
    content: { environment: { id: 'name', 'source?': 'uri-reference' }, artifactId: 'name' },
  },
  'service.upgraded': {
    version: '0.2.0',
    content: { environment: { id: 'name', 'source?': 'uri-reference' }, artifactId: 'name' },
  },
  'taskrun.finished': {
    version: '0.2.0',
    content: {
      'taskName?': 'text',
      'url?': 'text',
      'pipelineRun?': { id: 'name', 'source?': 'uri-reference' },
      'outcome?': 'text',
      'errors?': 'text',
    },
  },
  'taskrun.started': {
    version: '0.2.0',
    content: { 'taskName?': 'text', 'url?': 'text', 'pipelineRun?': { id: 'name', 'source?': 'uri-reference' } },
  },
  'testcaserun.finished': {
    version: '0.2.0',
    content: {
      outcome: ['pass', 'fail', 'cancel', 'error'],
      'severity?': ['low', 'medium', 'high', 'critical'],
      'reason?': 'text',
      environment: { id: 'name', 'source?': 'uri-reference' },
      'testSuiteRun?': { id: 'name', 'source?': 'text' },
      'testCase?': {
        id: 'name',
        'version?': 'text',
        'name?': 'text',
        'type?': ['performance', 'functional', 'unit', 'security', 'compliance', 'integration', 'e2e', 'other'],
        'uri?': 'uri',
      },
    },
  },
  'testcaserun.queued': {
    version: '0.2.0',
    content: {
      'trigger?': { 'type?': ['manual', 'pipeline', 'event', 'schedule', 'other'], 'uri?': 'uri' },
      environment: { id: 'name', 'source?': 'uri-reference' },
      'testSuiteRun?': { id: 'name', 'source?': 'text' },
      'testCase?': {
        id: 'name',
        'version?': 'text',
        'name?': 'text',
        'type?': ['performance', 'functional', 'unit', 'security', 'compliance', 'integration', 'e2e', 'other'],
        'uri?': 'uri',
      },
    },
  },
  'testcaserun.skipped': {
    version: '0.1.0',
    content: {
      'reason?': 'text',
      'environment?': { id: 'name', 'source?': 'uri-reference' },
      'testSuiteRun?': { id: 'name', 'source?': 'text' },
      'testCase?': {
        id: 'name',
        'version?': 'text',
        'name?': 'text',
        'type?': ['performance', 'functional', 'unit', 'security', 'compliance', 'integration', 'e2e', 'other'],
        'uri?': 'uri',
      },
    },
  },
  'testcaserun.started': {
    version: '0.2.0',
    content: {
      'trigger?': { 'type?': ['manual', 'pipeline', 'event', 'schedule', 'other'], 'uri?': 'uri' },
      environment: { id: 'name', 'source?': 'uri-reference' },
      'testSuiteRun?': { id: 'name', 'source?': 'text' },
      'testCase?': {
        id: 'name',
        'version?': 'text',
        'name?': 'text',
        'type?': ['performance', 'functional', 'unit', 'security', 'compliance', 'integration', 'e2e', 'other'],
        'uri?': 'uri',
      },
    },
  },
  'testoutput.published': {
    version: '0.2.0',
    content: {
      outputType: ['report', 'video', 'image', 'log', 'other'],
      format: 'text',
      'uri?': 'uri',
      'testCaseRun?': { id: 'name', 'source?': 'text' },
    },
  },
  'testsuiterun.finished': {
    version: '0.2.0',
    content: {
      environment: { id: 'name', 'source?': 'uri-reference' },
      'testSuite?': { id: 'name', 'version?': 'text', 'name?': 'text', 'uri?': 'uri' },
      outcome: ['pass', 'fail', 'cancel', 'error'],
      'severity?': ['low', 'medium', 'high', 'critical'],
      'reason?': 'text',
    },
  },
  'testsuiterun.queued': {
    version: '0.2.0',
    content: {
      'trigger?': { 'type?': ['manual', 'pipeline', 'event', 'schedule', 'other'], 'uri?': 'uri' },
      environment: { id: 'name', 'source?': 'uri-reference' },
      'testSuite?': { id: 'name', 'version?': 'text', 'name?': 'text', 'url?': 'uri' },
    },
  },
  'testsuiterun.started': {
    version: '0.2.0',
    content: {
      'trigger?': { 'type?': ['manual', 'pipeline', 'event', 'schedule', 'other'], 'uri?': 'uri' },
      environment: { id: 'name', 'source?': 'uri-reference' },
      'testSuite?': { id: 'name', 'version?': 'text', 'name?': 'text', 'uri?': 'uri' },
    },
  },
  'ticket.closed': {
    version: '0.1.0',
    content: {
      'summary?': 'text',
      'ticketType?': 'text',
      'group?': 'text',
      'creator?': 'name',
      'assignees?': 'texts',
      'priority?': 'text',
      'labels?': 'texts',
      'milestone?': 'text',
      uri: 'uri-reference',
      resolution: 'name',
      'updatedBy?': 'text',
    },
  },
  'ticket.created': {
    version: '0.1.0',
    content: {
      summary: 'text',
      'ticketType?': 'text',
      'group?': 'text',
      creator: 'name',
      'assignees?': 'texts',
      'priority?': 'text',
      'labels?': 'texts',
      'milestone?': 'text',
      uri: 'uri-reference',
    },
  },
  'ticket.updated': {
    version: '0.1.0',
    content: {
      'summary?': 'text',
      'ticketType?': 'text',
      'group?': 'text',
      'creator?': 'name',
      'assignees?': 'texts',
      'priority?': 'text',
      'labels?': 'texts',
      'milestone?': 'text',
      'updatedBy?': 'text',
      uri: 'uri-reference',
    },
  },
};
