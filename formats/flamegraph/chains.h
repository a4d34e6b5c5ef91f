// Recursion: frames that lie one in the other, and nothing beside them. Hundreds of them would make a picture that
// nobody can look at, and say no more than that.
#pragma once

#include "prune.h"
#include "stack_flow.h"

namespace gilspy::flamegraph {

// Of each run of more than a hundred of them the first and the last are drawn, and between these one frame that says
// how many it stands for. What lies on top of them comes down.
void fold_chains(Flow& flow, Pruning& pruning);

}  // namespace gilspy::flamegraph
