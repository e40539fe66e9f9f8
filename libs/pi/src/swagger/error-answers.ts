/** The body of every `PiError`. */
export function errorSchema(errorCode: string) {
  return {
    type: 'object' as const,
    required: ['statusCode', 'errorCode', 'message'],
    properties: {
      statusCode: { type: 'integer' as const },
      errorCode: { type: 'string' as const, example: errorCode },
      message: { type: 'string' as const },
      ...(errorCode === 'PI_UNAVAILABLE' && { retryAfterSeconds: { type: 'integer' as const } }),
    },
  };
}

export function header(description: string) {
  return { description, schema: { type: 'string' as const } };
}
