/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Flags that survive. The library keeps the arithmetic flags as the operands and
 * the kind of the operation that made them. The kind is known while translating;
 * it is stored late, and noted at the start of each instruction for when one
 * faults. Three things go wrong there, and what is seen depends on where a block
 * began:
 *
 * SETcc and RCL and RCR with memory first work the flags out, over the operands,
 * and then access memory: after a fault the old kind would be taken with the new
 * operands. The note is corrected.
 *
 * CMPXCHG8B and CMPXCHG16B read the kind from where it may not be stored yet, and
 * LOOPE and LOOPNE store it only on one of their two ways out. It is stored first.
 */

ORIGINAL(void *, tcg_global_mem_new_internal, void *, int, void *, int64_t, const char *)
ORIGINAL(void, tcg_gen_op2, void *, int, uint64_t, uint64_t)
ORIGINAL(void, tcg_gen_callN, void *, void *, void *, int, void **)
ORIGINAL(void, tcg_gen_qemu_ld_i32, void *, void *, void *, uint64_t, int)
ORIGINAL(void, tcg_gen_qemu_ld_i64, void *, void *, void *, uint64_t, int)
ORIGINAL(void, tcg_gen_qemu_st_i32, void *, void *, void *, uint64_t, int)
ORIGINAL(void, tcg_gen_qemu_st_i64, void *, void *, void *, uint64_t, int)
ORIGINAL(void, helper_cc_compute_all, void)
ORIGINAL(void, helper_cmpxchg8b_unlocked, void)
ORIGINAL(void, helper_cmpxchg16b_unlocked, void)

#define CC_OP_DYNAMIC 0 /* the kind is where it belongs */
#define CC_OP_EFLAGS 1 /* the operand is the flags */

/* The translator's variable for the kind, of the CPU that this thread opened last. */
static __thread void *flags_kind;

void *T(tcg_global_mem_new_internal)(void *ctx, int type, void *base, int64_t offset, const char *name)
{
	void *global = real_tcg_global_mem_new_internal(ctx, type, base, offset, name);
	if (strcmp(name, "cc_op") == 0)
		flags_kind = global;
	return global;
}

static __thread struct {
	struct tcg_op *start; /* its args: PC and the kind */
	bool accessed; /* memory, earlier in the instruction: it may have faulted there */
	bool branched;
} translated;

/* The translator marks the start of each instruction by an op. */
void T(tcg_gen_op2)(void *ctx, int opcode, uint64_t a, uint64_t b)
{
	if (!translating || opcode != OP_INSN_START) {
		real_tcg_gen_op2(ctx, opcode, a, b);
		return;
	}
	struct tcg_op *op = T(tcg_emit_op)(ctx, opcode);
	op->args[0] = a;
	op->args[1] = b;
	translated.start = op;
	translated.accessed = translated.branched = false;
	decode_start();
}

static void store_kind(void *ctx)
{
	uint64_t kind = translated.start->args[1];
	if (kind != CC_OP_DYNAMIC)
		real_tcg_gen_op2(ctx, OP_MOVI_I32, (uint64_t)translating->flags_kind, kind);
}

void T(tcg_gen_callN)(void *ctx, void *function, void *result, int count, void **args)
{
	if (translating && (function == (void *)real_helper_cmpxchg8b_unlocked ||
			    function == (void *)real_helper_cmpxchg16b_unlocked))
		store_kind(ctx);
	real_tcg_gen_callN(ctx, function, result, count, args);
	if (translating && function == (void *)real_helper_cc_compute_all && !translated.accessed)
		translated.start->args[1] = CC_OP_EFLAGS;
}

/* The first branch of LOOPE (E1) and LOOPNE (E0) asks whether RCX is 0. */
void T(tcg_gen_brcondi_i64)(void *ctx, int cond, void *a, int64_t imm, void *label)
{
	if (translating && (decoding.opcode & 0xfe) == 0xe0 && !translated.branched) {
		translated.branched = true;
		store_kind(ctx);
	}
	real_tcg_gen_brcondi_i64(ctx, cond, a, imm, label);
}

#define NOTE_ACCESS(kind)                                                                  \
	void T(tcg_gen_qemu_##kind)(void *ctx, void *value, void *address, uint64_t index, \
				    int memop)                                             \
	{                                                                                  \
		translated.accessed = true;                                                \
		real_tcg_gen_qemu_##kind(ctx, value, address, index, memop);               \
	}

NOTE_ACCESS(ld_i32)
NOTE_ACCESS(ld_i64)
NOTE_ACCESS(st_i32)
NOTE_ACCESS(st_i64)
