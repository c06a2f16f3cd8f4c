/** Key of node:worker_threads' `setEnvironmentData`: true while the threads of the process listen on the same ports (SO_REUSEPORT). */
export const sharedPorts = 'millrace.sharedPorts';
