/** Why a service YAML cannot be served, as a sentence of the original where it has one. */
export class ServiceFault extends Error {
  override readonly name = 'ServiceFault';
}

export function fault(sentence: string): ServiceFault {
  return new ServiceFault(sentence);
}
