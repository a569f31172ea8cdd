/* SPDX-License-Identifier: MIT */
/*
 * serve.h - one request of the module, from its first frame to the verdict.
 */
#ifndef COG_SERVE_H
#define COG_SERVE_H

/*
 * Serve the request that arrives on socket fd as the state of the process
 * allows. Returns the exit status of the program, which is for logs only: the
 * verdict goes over the socket.
 */
int cog_serve_run(int fd);

#endif
