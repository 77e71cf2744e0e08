/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a debugger looks for: breakpoints and watchpoints, and what their hits do.
 *
 * A breakpoint that is removed stays, disarmed, in the list that the translator
 * looks at: a debugger takes all of them out at each stop and puts them back, and
 * each change of the list costs the translated blocks over the address. One that is
 * passed over too often leaves the list for as long as it is not wanted.
 */
#include <stdlib.h>
#include <string.h>

#include "target.h"

/* How often a breakpoint that does not count is passed over before it is taken out:
 * by then that has cost about as much as translating anew. */
#define MANY_PASSES 4096

/* How many may stay disarmed in the list. */
#define MANY_DISARMED 256

static void list(struct vmrr_engine *e, struct vmrr_break *b)
{
	struct qemu_cpu *cpu = e->cpu;
	e->target->unhide_breaks(e);
	/* QTAILQ_INSERT_HEAD: a link is the address of a next field. */
	b->node.next = cpu->breakpoints;
	if (b->node.next)
		b->node.next->prev = &b->node.next;
	else
		cpu->breakpoints_last = &b->node.next;
	cpu->breakpoints = &b->node;
	b->node.prev = &cpu->breakpoints;
	b->listed = true;
	b->passes = 0;
	e->target->drop_blocks_over(e, b->node.pc);
}

static void unlist(struct vmrr_engine *e, struct vmrr_break *b)
{
	e->target->unhide_breaks(e);
	if (b->node.next)
		b->node.next->prev = b->node.prev;
	else
		e->cpu->breakpoints_last = b->node.prev;
	*(struct breakpoint **)b->node.prev = b->node.next;
	b->listed = false;
	e->target->drop_blocks_over(e, b->node.pc);
}

static struct vmrr_break *find(struct vmrr_engine *e, uint64_t linear)
{
	for (struct vmrr_break *b = e->breaks; b; b = b->next)
		if (b->node.pc == linear)
			return b;
	return NULL;
}

static void forget_disarmed(struct vmrr_engine *e)
{
	for (struct vmrr_break **at = &e->breaks; *at;) {
		struct vmrr_break *b = *at;
		if (b->armed) {
			at = &b->next;
			continue;
		}
		if (b->listed)
			unlist(e, b);
		*at = b->next;
		free(b);
		e->disarmed--;
	}
}

void vmrr_insert_break(struct vmrr_engine *e, uint64_t linear)
{
	struct vmrr_break *b = find(e, linear);
	if (b) {
		e->disarmed -= !b->armed;
	} else {
		b = calloc(1, sizeof *b);
		if (!b)
			abort();
		b->node.pc = linear;
		b->node.flags = BP_GDB;
		b->next = e->breaks;
		e->breaks = b;
	}
	b->armed = true;
	if (!b->listed && e->hit_mode != VMRR_HIT_IGNORED)
		list(e, b);
}

void vmrr_remove_break(struct vmrr_engine *e, uint64_t linear)
{
	struct vmrr_break *b = find(e, linear);
	if (!b || !b->armed)
		return;
	b->armed = false;
	if (++e->disarmed > MANY_DISARMED)
		forget_disarmed(e);
}

void vmrr_skip_break(struct vmrr_engine *e)
{
	e->skip_break = true;
	e->skip_icount = engine_icount(e);
	e->skip_pc = e->target->linear_pc(e);
}

void vmrr_set_hit_mode(struct vmrr_engine *e, int mode, uint64_t enough)
{
	if (e->watch_count > 0 && (mode == VMRR_HIT_IGNORED) != (e->hit_mode == VMRR_HIT_IGNORED))
		e->target->flush_tlb(e); /* its entries say what is watched */
	e->hit_mode = mode;
	e->hits = (struct vmrr_hits){ 0 };
	e->enough_hits = enough;
	if (mode != VMRR_HIT_IGNORED)
		for (struct vmrr_break *b = e->breaks; b; b = b->next)
			if (b->armed && !b->listed)
				list(e, b);
}

void vmrr_hits(struct vmrr_engine *e, struct vmrr_hits *out)
{
	*out = e->hits;
}

/* Counts a hit; true if there are enough. */
static bool count_hit(struct vmrr_engine *e, const struct vmrr_hit *hit)
{
	e->hits.last = *hit;
	return ++e->hits.count == e->enough_hits;
}

enum break_action engine_meet_break(struct vmrr_engine *e, struct breakpoint *node)
{
	struct vmrr_break *b = (struct vmrr_break *)node;
	if (b->armed && e->hit_mode == VMRR_HIT_STOPS)
		return BREAK_STOPS;
	if (b->armed && e->hit_mode == VMRR_HIT_COUNTED) {
		struct vmrr_hit hit = { .icount = engine_icount(e), .addr = b->node.pc };
		return count_hit(e, &hit) ? BREAK_STOPS : BREAK_PASSES;
	}
	if (++b->passes > MANY_PASSES)
		unlist(e, b);
	return BREAK_PASSES;
}

void engine_free_breaks(struct vmrr_engine *e)
{
	while (e->breaks) {
		struct vmrr_break *next = e->breaks->next;
		free(e->breaks);
		e->breaks = next;
	}
}

/* ---- watchpoints ---- */

bool vmrr_insert_watch(struct vmrr_engine *e, const struct vmrr_watch *w)
{
	if (e->watch_count == VMRR_MAX_WATCHES)
		return false;
	e->watches[e->watch_count++] = *w;
	e->target->flush_tlb(e);
	return true;
}

static bool same_watch(const struct vmrr_watch *a, const struct vmrr_watch *b)
{
	return a->addr == b->addr && a->size == b->size && a->kind == b->kind &&
	       a->physical == b->physical;
}

void vmrr_remove_watch(struct vmrr_engine *e, const struct vmrr_watch *w)
{
	for (uint32_t i = 0; i < e->watch_count; i++) {
		struct vmrr_watch *x = &e->watches[i];
		if (same_watch(x, w)) {
			*x = e->watches[--e->watch_count];
			e->target->flush_tlb(e);
			return;
		}
	}
}

/* Reads guest memory where a watchpoint looks; false if there is not RAM all over. */
static bool read_watched(struct vmrr_engine *e, const struct vmrr_watch *w, uint8_t *to)
{
	for (uint64_t i = 0; i < w->size; i++) {
		uint64_t pa = w->addr + i;
		if (!w->physical && !e->target->translate(e, w->addr + i, &pa))
			return false;
		uint64_t offset = ram_offset(e, pa);
		if (offset == UINT64_MAX)
			return false;
		to[i] = e->ram[offset];
	}
	return true;
}

void engine_note_access(struct vmrr_engine *e, const struct vmrr_watch *w, uint64_t addr,
			bool store, uint64_t icount, bool delivery)
{
	if (e->hit_mode == VMRR_HIT_IGNORED)
		return;
	if (e->pending_count && e->pending[0].hit.icount != icount)
		e->pending_count = 0; /* of an instruction that did not come to its end */
	/* The first access of an instruction tells what was there before it. */
	for (uint32_t i = 0; i < e->pending_count; i++)
		if (same_watch(&e->pending[i].watch, w))
			return;
	if (e->pending_count == VMRR_MAX_WATCHES)
		return;
	struct pending_watch *p = &e->pending[e->pending_count++];
	*p = (struct pending_watch){ .watch = *w, .delivery = delivery };
	p->hit = (struct vmrr_hit){
		.icount = icount, .addr = addr, .watch = w->kind, .store = store
	};
	p->if_changed = w->kind == VMRR_WATCH_CHANGE && w->size <= sizeof p->before &&
			read_watched(e, w, p->before);
	engine_pause(e, icount);
}

/* The value may still be the one before: then it was no hit. */
static bool holds(struct vmrr_engine *e, const struct pending_watch *p)
{
	uint8_t now[sizeof p->before];
	return !p->if_changed || !read_watched(e, &p->watch, now) ||
	       memcmp(now, p->before, p->watch.size) != 0;
}

bool engine_watch_stops(struct vmrr_engine *e)
{
	uint32_t count = e->pending_count;
	e->pending_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct pending_watch *p = &e->pending[i];
		if (!holds(e, p))
			continue;
		/* An instruction is one hit, however many watchpoints it meets. */
		if (e->hit_mode == VMRR_HIT_COUNTED && !count_hit(e, &p->hit))
			return false;
		e->hits.last = p->hit;
		return e->hit_mode != VMRR_HIT_IGNORED;
	}
	return false;
}
