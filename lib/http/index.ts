export { bodyBytes, discard, readBody, readShort } from './body.ts';
export { checkTls, type DispatcherOptions, openDispatcher, type ProxyOptions, type TlsOptions } from './dispatcher.ts';
export { failureWords } from './failure-words.ts';
export { HttpError, type HttpErrorCode } from './http-error.ts';
export { type Answer, headerOf, keepsCredentials, quoted, send, type SendOptions } from './send.ts';
