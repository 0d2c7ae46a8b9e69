/** What is sent to whoever follows events is no work of a model: it is not shown among what runs. */
export const EVENTS_PATH = '/admin/v1/events';
