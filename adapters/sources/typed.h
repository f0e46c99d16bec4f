/* Answers that a person types: the source knows only that it must be asked. And the source that knows nobody.
 */
#ifndef SLUIS_SOURCES_TYPED_H
#define SLUIS_SOURCES_TYPED_H

#include "sources/source.h"

sluis_err typed_source_new(source **out);
sluis_err no_source_new(source **out);

#endif
