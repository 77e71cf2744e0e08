/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exact instruction counting, without a hook.
 *
 * cpu->budget holds the instructions left until the limit. The head of every
 * translated block subtracts the block's length from it and leaves through the
 * block's exit-requested path when it goes below zero, before anything of the
 * block has run: the same check that QEMU's -icount makes, put back where
 * libunicorn took it out. The budget is then given the block's length again,
 * and the next block is translated with exactly as many instructions as are
 * left. An exception in mid-block gives back the instructions that did not
 * run. So the count is exact whenever control is outside translated code.
 */

extern void *T(tcg_emit_op)(void *ctx, int opcode);
extern void *T(tcg_temp_new_internal)(void *ctx, int type, bool local);
extern void T(tcg_temp_free_internal)(void *ctx, void *temp);
extern void T(tcg_gen_op3)(void *ctx, int opcode, uint64_t a, uint64_t b, uint64_t c);

ORIGINAL(void, gen_intermediate_code, void *, struct tb *, int)
ORIGINAL(void, tcg_gen_brcondi_i32, void *, int, void *, int32_t, void *)
ORIGINAL(void, check_exit_request, void *)
ORIGINAL(void, tcg_gen_brcondi_i64, void *, int, void *, int64_t, void *)
ORIGINAL(void, restore_state_to_opc, void *, struct tb *, uint64_t *)

/* The engine whose block this thread is translating. */
static __thread struct vmrr_engine *translating;

/* The guest's own breakpoints, behind ours in the list, stay. */
static void T(hide_breaks)(struct vmrr_engine *e)
{
	e->hidden_breaks = e->cpu->breakpoints;
	while (e->cpu->breakpoints && (e->cpu->breakpoints->flags & BP_GDB))
		e->cpu->breakpoints = e->cpu->breakpoints->next;
}

static void T(unhide_breaks)(struct vmrr_engine *e)
{
	if (e->hidden_breaks) {
		e->cpu->breakpoints = e->hidden_breaks;
		e->hidden_breaks = NULL;
	}
}

void T(gen_intermediate_code)(struct qemu_cpu *cpu, struct tb *tb, int max)
{
	struct vmrr_engine *e = cpu->engine;
	if (!e) {
		real_gen_intermediate_code(cpu, tb, max);
		return;
	}
	/* A block that re-runs one instruction (a device access made exact, or
	 * a breakpoint stepped over) was stopped at already. */
	T(unhide_breaks)(e);
	if (tb->cflags & CF_LAST_IO)
		T(hide_breaks)(e);
	/* CF_USE_ICOUNT makes the translator end blocks after port accesses,
	 * RDTSC and the like and before page boundaries. It must not stay in
	 * the block's flags: lookups do not ask for it. A fault while fetching
	 * code jumps out of here, and the block is thrown away. */
	translating = e;
	e->count_op = NULL;
	e->want_count = true;
	uint32_t flags = tb->flags;
	tb->cflags |= CF_USE_ICOUNT;
	tb->flags = TB_FLAGS_TO_TRANSLATE(flags);
	real_gen_intermediate_code(cpu, tb, max);
	tb->cflags &= ~CF_USE_ICOUNT;
	tb->flags = flags;
	e->want_count = false;
	translating = NULL;
	T(unhide_breaks)(e);
	/* The library patched the count into our op; it excludes an
	 * instruction under a breakpoint, which tb->icount does not. */
	tb->icount = ((struct tcg_op *)e->count_op)->args[1];
	e->stats.translated_blocks++;
	/* Code that does not fit behind this pointer makes the library begin again a
	 * few bytes further on, hundreds of times, until not even a block's descriptor
	 * fits and it flushes. So it finds no room at once; if the code fits, it sets
	 * the pointer itself. */
	AT(e->tcg, TCG_CODE_PTR, char *) = AT(e->tcg, TCG_HIGHWATER, char *);
}

/* The first conditional branch of each block is the exit check of its head;
 * the subtraction and our check go right behind it. The check for a request
 * comes first, so that an interrupt leaves the block uncounted. */
void T(tcg_gen_brcondi_i32)(void *ctx, int cond, void *a, int32_t imm, void *label)
{
	struct vmrr_engine *e = translating;
	real_tcg_gen_brcondi_i32(ctx, cond, a, imm, label);
	if (!e || !e->want_count)
		return;
	e->want_count = false;
	int64_t budget_at = (int64_t)offsetof(struct qemu_cpu, budget) - ENV_OFFSET;
	uint64_t env = AT(ctx, TCG_CPU_ENV, uint64_t) + (uint64_t)ctx;
	char *left = T(tcg_temp_new_internal)(ctx, TYPE_I64, false);
	char *length = T(tcg_temp_new_internal)(ctx, TYPE_I64, false);
	T(tcg_gen_op3)(ctx, OP_LD_I64, (uint64_t)left, env, (uint64_t)budget_at);
	struct tcg_op *op = T(tcg_emit_op)(ctx, OP_MOVI_I64);
	op->args[0] = (uint64_t)length;
	op->args[1] = 0;
	e->count_op = op;
	AT(ctx, TCG_ICOUNT_START_INSN, void *) = op; /* the library patches args[1] at the end */
	T(tcg_gen_op3)(ctx, OP_SUB_I64, (uint64_t)left, (uint64_t)left, (uint64_t)length);
	/* Stored before the branch: temporaries do not live across it. */
	T(tcg_gen_op3)(ctx, OP_ST_I64, (uint64_t)left, env, (uint64_t)budget_at);
	real_tcg_gen_brcondi_i64(ctx, COND_LT, (void *)(left - (char *)ctx), 0, label);
	T(tcg_temp_free_internal)(ctx, length);
	T(tcg_temp_free_internal)(ctx, left);
}

/* The library also checks for a request after every load and store, leaves the
 * block in the middle and resumes it at its start: instructions would run
 * twice. Requests are met at the head of the next block. */
void T(check_exit_request)(void *ctx)
{
	if (!translating)
		real_check_exit_request(ctx);
}

static int64_t T(sleb128)(uint8_t **p)
{
	int64_t value = 0;
	int shift = 0;
	uint8_t byte;
	do {
		byte = *(*p)++;
		value |= (int64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		value |= -((int64_t)1 << shift);
	return value;
}

/* Called whenever the state in mid-block is rebuilt, for a fault or a restart,
 * with the PC found in data[0]: that instruction and all after it give their
 * counts back. Its index is where the block's search table has that PC. */
void T(restore_state_to_opc)(void *env, struct tb *tb, uint64_t *data)
{
	struct qemu_cpu *cpu = (void *)((char *)env - ENV_OFFSET);
	struct vmrr_engine *e = cpu->engine;
	if (e) {
		uint8_t *row = tb->code + tb->code_size;
		uint64_t pc = tb->pc;
		int i;
		for (i = 0; i < tb->icount; i++) {
			pc += T(sleb128)(&row);
			for (int column = 0; column < INSN_START_WORDS; column++)
				T(sleb128)(&row);
			if (pc == data[0])
				break;
		}
		if (i == tb->icount)
			engine_fail(e, "pc %#llx is not in the block at %#llx that faulted",
				    (unsigned long long)data[0], (unsigned long long)tb->pc);
		cpu->budget += tb->icount - i;
	}
	real_restore_state_to_opc(env, tb, data);
}

/* Stands in for the library's prologue: every entry into translated code from
 * the main loop goes through here. The result is the last block and, in its
 * low bits, how it was left. */
static uintptr_t T(enter)(void *env, void *code)
{
	struct qemu_cpu *cpu = (void *)((char *)env - ENV_OFFSET);
	struct vmrr_engine *e = cpu->engine;
	translating = NULL; /* a fault while fetching code may have left it */
	/* The library has just cleared the kick: look at the flag after that. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&e->stop_requested, memory_order_relaxed)) {
		atomic_store(&e->stop_requested, false);
		e->stopped_by_request = true;
		engine_stop_soon(e);
	}
	uintptr_t result = e->enter(env, code);
	T(flush_pending)(e);
	if ((result & TB_EXIT_MASK) == TB_EXIT_REQUESTED && cpu->budget < 0) {
		struct tb *tb = (struct tb *)(result & ~(uintptr_t)TB_EXIT_MASK);
		cpu->budget += tb->icount;
		if (cpu->budget > 0) {
			cpu->cflags_next_tb = cpu->budget;
			return result;
		}
	}
	if (cpu->budget == 0)
		engine_leave(e);
	return result;
}

extern struct tb *T(tcg_tb_lookup)(void *tcg, uintptr_t host_pc);
extern void T(cpu_io_recompile)(void *cpu, uintptr_t host_pc) __attribute__((noreturn));

/* Runs the instruction at ra again alone, unless it is being run so: behind this
 * call the count is exact. What the instruction did before (set a dirty bit, say,
 * that it has already read as clear) happens again; so that this does not depend
 * on where a run was cut, an instruction that is alone by chance restarts too. */
static void T(make_exact)(struct vmrr_engine *e, uintptr_t ra)
{
	struct tb *tb = T(tcg_tb_lookup)(e->tcg, ra);
	if (tb && !(tb->cflags & CF_LAST_IO)) {
		e->stats.restarts++;
		T(cpu_io_recompile)(e->cpu, ra);
	}
}
