/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Breakpoints and watchpoints, where the library has to do with them.
 *
 * Breakpoints: nodes of ours in the library's list, which makes the translator
 * end a block before the instruction and raise EXCP_DEBUG there. The library's
 * own insert would throw all translated code away; ours drops only the blocks
 * that lie over the address, in whatever address space they were made.
 */

extern void T(tb_phys_invalidate)(void *tcg, struct tb *tb, uint64_t page_addr);
extern void T(tcg_tb_foreach)(void *tcg, int (*f)(void *, void *, void *), void *data);

struct T(over) {
	uint64_t linear;
	struct tb **blocks;
	size_t count, room;
};

static int T(collect_over)(void *key, void *value, void *data)
{
	struct T(over) *over = data;
	struct tb *tb = value;
	(void)key;
	if (!(tb->cflags & CF_INVALID) && over->linear - tb->pc < (tb->size ? tb->size : 1)) {
		if (over->count == over->room) {
			over->room = over->room ? 2 * over->room : 16;
			over->blocks = realloc(over->blocks, over->room * sizeof *over->blocks);
			if (!over->blocks)
				abort();
		}
		over->blocks[over->count++] = tb;
	}
	return 0;
}

static void T(drop_blocks_over)(struct vmrr_engine *e, uint64_t linear)
{
	struct T(over) over = { .linear = linear };
	T(tcg_tb_foreach)(e->tcg, T(collect_over), &over);
	for (size_t i = 0; i < over.count; i++)
		T(tb_phys_invalidate)(e->tcg, over.blocks[i], UINT64_MAX);
	free(over.blocks);
}

/* The guest's own breakpoints, on x86 by its debug registers: behind ours in the
 * list. The library's insert and remove flush all code, the running block with it. */
ORIGINAL(int, cpu_breakpoint_insert, void *, uint64_t, int, struct breakpoint **)
ORIGINAL(void, cpu_breakpoint_remove_by_ref, void *, struct breakpoint *)

int T(cpu_breakpoint_insert)(struct qemu_cpu *cpu, uint64_t pc, int flags, struct breakpoint **out)
{
	if (!cpu->engine)
		return real_cpu_breakpoint_insert(cpu, pc, flags, out);
	struct breakpoint *b = calloc(1, sizeof *b);
	if (!b)
		abort();
	b->pc = pc;
	b->flags = flags;
	/* QTAILQ_INSERT_TAIL */
	b->prev = cpu->breakpoints_last;
	*(struct breakpoint **)cpu->breakpoints_last = b;
	cpu->breakpoints_last = &b->next;
	T(drop_blocks_over)(cpu->engine, pc);
	*out = b;
	return 0;
}

void T(cpu_breakpoint_remove_by_ref)(struct qemu_cpu *cpu, struct breakpoint *b)
{
	if (!cpu->engine) {
		real_cpu_breakpoint_remove_by_ref(cpu, b);
		return;
	}
	if (b->next)
		b->next->prev = b->prev;
	else
		cpu->breakpoints_last = b->prev;
	*(struct breakpoint **)b->prev = b->next;
	T(drop_blocks_over)(cpu->engine, b->pc);
	free(b);
}

ORIGINAL(void, breakpoint_handler, void *)

/* The library's debug_excp_handler: a block ran into EXCP_DEBUG. */
void T(breakpoint_handler)(struct qemu_cpu *cpu)
{
	struct vmrr_engine *e = cpu->engine;
	if (e && !cpu->watchpoint_hit) {
		/* The state at the limit is the one before the hit, whether the
		 * block that led here ends at the limit or goes on to the hit. */
		if (cpu->budget <= 0) {
			engine_leave(e);
			return;
		}
		uint64_t pc = e->target->linear_pc(e);
		bool skipped = e->skip_icount == engine_icount(e) && e->skip_pc == pc;
		/* Ours come first in the list; the rest are the guest's own. */
		for (struct breakpoint *b = cpu->breakpoints; b && (b->flags & BP_GDB);
		     b = b->next) {
			if (b->pc != pc || skipped)
				continue;
			if (engine_meet_break(e, b) == BREAK_STOPS) {
				e->hit_break = true;
				engine_leave(e);
				return;
			}
			/* On, over this instruction, but not over a breakpoint of the
			 * guest's on it. The library would take it for a stop. */
			e->skip_icount = engine_icount(e);
			e->skip_pc = pc;
			cpu->cflags_next_tb = CF_LAST_IO | 1;
			T(cpu_loop_exit_noexc)(cpu);
		}
		/* The library looks at the first at this PC only, for the guest's; it
		 * raises #DB and does not come back, the delivery unhides ours. */
		T(hide_breaks)(e);
		e->break_fault = true;
		real_breakpoint_handler(cpu);
		e->break_fault = false;
		T(unhide_breaks)(e);
		/* The guest has none here that is enabled, or what was to run the instruction
		 * under one of ours alone was kicked before it did. On, over it: the library
		 * would wait for somebody to start the CPU again. */
		cpu->cflags_next_tb = CF_LAST_IO | 1;
		T(cpu_loop_exit_noexc)(cpu);
	}
	real_breakpoint_handler(cpu);
}

/* ---- watchpoints ----
 *
 * The library has QEMU's hooks for them and nothing behind: a TLB entry of which
 * cpu_watchpoint_address_matches says so takes the slow path, and there
 * cpu_check_watchpoint is called before the access. An access that is not aligned
 * is loaded as the two aligned words around it, and stored byte by byte.
 */
#define BP_MEM_READ 1
#define BP_MEM_WRITE 2

static int T(watch_flags)(const struct vmrr_watch *w)
{
	return w->kind == VMRR_WATCH_LOAD     ? BP_MEM_READ
	       : w->kind == VMRR_WATCH_CHANGE ? BP_MEM_WRITE
					      : BP_MEM_READ | BP_MEM_WRITE;
}

static bool T(overlap)(const struct vmrr_watch *w, uint64_t addr, uint64_t size)
{
	return addr - w->addr < w->size || w->addr - addr < size;
}

int T(cpu_watchpoint_address_matches)(struct qemu_cpu *cpu, uint64_t page, uint64_t size)
{
	struct vmrr_engine *e = cpu->engine;
	int flags = 0;
	if (!e || e->hit_mode == VMRR_HIT_IGNORED)
		return 0;
	for (uint32_t i = 0; i < e->watch_count; i++) {
		const struct vmrr_watch *w = &e->watches[i];
		if (T(overlap)(w, w->physical ? e->install_pa : page, size))
			flags |= T(watch_flags)(w);
	}
	return flags;
}

void T(cpu_check_watchpoint)(struct qemu_cpu *cpu, uint64_t addr, uint64_t size, uint32_t attrs,
			     int flags, uintptr_t ra)
{
	struct vmrr_engine *e = cpu->engine;
	(void)attrs;
	if (!e)
		return;
	for (uint32_t i = 0; i < e->watch_count; i++) {
		const struct vmrr_watch *w = &e->watches[i];
		uint64_t at = addr;
		if (!(T(watch_flags)(w) & flags) ||
		    (w->physical && !e->target->translate(e, addr, &at)) ||
		    !T(overlap)(w, at, size))
			continue;
		/* Without ra it is the delivery of an interrupt or exception: that of INT n
		 * and of a trap belongs to the instruction before, any other to the
		 * handler's first. */
		bool delivery = !ra && !e->delivers_retired;
		if (ra)
			T(make_exact)(e, ra);
		engine_note_access(e, w, at > w->addr ? at : w->addr, flags == BP_MEM_WRITE,
				   engine_icount(e) + delivery, delivery);
	}
}
