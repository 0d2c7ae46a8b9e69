/** The body of a refusal, in the form that clients of OpenAI, Llama Stack and OGX read. */
export function plainBody(message: string): string {
  return JSON.stringify({ error: { message } });
}

/** The same with the spaces of the first Llama Stack. */
export function spacedBody(message: string): string {
  return `{"error": {"message": ${JSON.stringify(message)}}}`;
}
