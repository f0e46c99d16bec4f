#include "flow/parts.h"

int parts_channel_capacity(const parts *p)
{
    /* Each admitted message is in one channel at a time; directories, fetches and enrolments come on top. */
    return (int)(2 * p->settings->in_flight + p->settings->max_sessions + 64);
}
