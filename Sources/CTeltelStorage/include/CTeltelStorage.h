/* CTeltelStorage - C faces of the libraries that storage uses. */
#pragma once
#include "host_program.h"
#include "teltel_checks.h"
#include "teltel_curl.h"
#include "teltel_digest.h"
