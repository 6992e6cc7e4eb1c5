/** Labels of everything that is installed; the `flux` CLI finds, shows and removes the installation by them. */
export function installLabels(component?: string): Readonly<Record<string, string>> {
  return {
    ...(component === undefined ? {} : { 'app.kubernetes.io/component': component }),
    'app.kubernetes.io/instance': 'flux-system',
    'app.kubernetes.io/part-of': 'flux',
  };
}
