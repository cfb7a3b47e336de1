/* The public header repeats a few numbers of the ring ABI, so that engines need not see it. They must stay equal. */
#include "ring_abi.h"
#include "teltel.h"

_Static_assert(TELTEL_I8 == TELTEL_FIELD_I8 && TELTEL_U8 == TELTEL_FIELD_U8, "kinds");
_Static_assert(TELTEL_I16 == TELTEL_FIELD_I16 && TELTEL_U16 == TELTEL_FIELD_U16, "kinds");
_Static_assert(TELTEL_I32 == TELTEL_FIELD_I32 && TELTEL_U32 == TELTEL_FIELD_U32, "kinds");
_Static_assert(TELTEL_I64 == TELTEL_FIELD_I64 && TELTEL_U64 == TELTEL_FIELD_U64, "kinds");
_Static_assert(TELTEL_F32 == TELTEL_FIELD_F32 && TELTEL_F64 == TELTEL_FIELD_F64, "kinds");
_Static_assert(TELTEL_BOOL == TELTEL_FIELD_BOOL && TELTEL_TEXT == TELTEL_FIELD_TEXT, "kinds");
_Static_assert(TELTEL_KEY == TELTEL_FIELD_FLAG_KEY && TELTEL_INPUT == TELTEL_FIELD_FLAG_INPUT, "field flags");
_Static_assert(TELTEL_MEASURED == TELTEL_FIELD_FLAG_MEASURED, "field flags");
_Static_assert(TELTEL_DROP_NEWEST == TELTEL_POLICY_DROP_NEWEST, "policies");
_Static_assert(TELTEL_OVERWRITE_OLDEST == TELTEL_POLICY_OVERWRITE_OLDEST && TELTEL_BLOCK == TELTEL_POLICY_BLOCK, "policies");
_Static_assert(TELTEL_COMPLETED == TELTEL_END_COMPLETED && TELTEL_FAILED == TELTEL_END_FAILED, "end status");
_Static_assert(TELTEL_CANCELLED == TELTEL_END_CANCELLED, "end status");
/* Statuses of refusal are their reason's number, but for FULL, whose reason is 0. */
#define SAME_NUMBER(name) _Static_assert((int)TELTEL_REFUSED_##name == (int)TELTEL_REFUSAL_##name, "reasons")
SAME_NUMBER(SIZE);
SAME_NUMBER(TYPE);
SAME_NUMBER(STATE);
SAME_NUMBER(WRITER);
SAME_NUMBER(FORK);
