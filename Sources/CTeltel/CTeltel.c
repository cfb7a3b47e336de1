#include "ring_abi.h"
