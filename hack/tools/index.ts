export { cacheFolder, toolPath, type ToolOptions } from './tool-path.ts';
export { isToolName, type Tool, type ToolName, tools } from './versions.ts';
