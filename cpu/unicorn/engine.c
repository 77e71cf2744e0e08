/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Opening, running and stopping an engine: what is the same for all targets.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

void *original(const char *name)
{
	/* NULL until the library check reports what is missing. */
	return dlsym(RTLD_NEXT, name);
}

void engine_fail(struct vmrr_engine *e, const char *format, ...)
{
	if (e->error[0])
		return; /* the first failure explains the others */
	va_list args;
	va_start(args, format);
	vsnprintf(e->error, sizeof e->error, format, args);
	va_end(args);
}

void engine_leave(struct vmrr_engine *e)
{
	e->cpu->exit_request = 1;
	uc_emu_stop(e->uc);
}

void engine_stop_soon(struct vmrr_engine *e)
{
	uint64_t next = engine_icount(e) + 1;
	if (next < e->limit)
		vmrr_set_limit(e, next);
}

static void *(*real_memory_mapping)(void *uc, uint64_t address);
static void (*real_qemu_system_reset_request)(void *uc);

__attribute__((constructor)) static void find_originals(void)
{
	real_memory_mapping = original("memory_mapping");
	real_qemu_system_reset_request = original("qemu_system_reset_request");
}

/* The library asks, with the virtual address, whether anything is mapped there
 * and fails if not. While the guest runs the answer is always RAM; what really
 * is there the TLB says. The uc_mem_* calls at set-up need the true answer. */
void *memory_mapping(void *uc, uint64_t address)
{
	struct vmrr_engine *e = engine_of_uc(uc);
	return e && e->ram_region ? e->ram_region : real_memory_mapping(uc, address);
}

/* A third fault while the CPU delivers a double fault: it shuts down. */
void qemu_system_reset_request(void *uc)
{
	struct vmrr_engine *e = engine_of_uc(uc);
	if (e)
		e->shutdown = true;
	else
		real_qemu_system_reset_request(uc);
}

/* The code buffer: the library allots 1 GiB and zeroes all of it on a flush,
 * and its first overflow hands out the live region again. */
static void bound_code_cache(struct vmrr_engine *e)
{
	struct tcg_region *r = &AT(e->tcg, TCG_REGION, struct tcg_region);
	uint64_t size = e->config.code_cache;
	if (size < (size_t)((char *)r->end - (char *)r->start))
		r->end = (char *)r->start + size;
	size = (char *)r->end - AT(e->tcg, TCG_CODE_BUFFER, char *);
	AT(e->tcg, TCG_CODE_BUFFER_SIZE, uint64_t) = size;
	AT(e->tcg, TCG_HIGHWATER, char *) = AT(e->tcg, TCG_CODE_BUFFER, char *) + size - 1024;
	r->size = size;
	r->current = 1;
}

struct vmrr_engine *vmrr_open(const struct vmrr_config *config, char *error, size_t error_size)
{
	struct vmrr_engine *e = calloc(1, sizeof *e);
	if (!e) {
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	e->target = &vmrr_target_x86_64;
	e->config = *config;
	e->ram = config->ram;
	e->pages = config->ram_size >> 12;
	e->epoch = 1;
	e->stored_flush = UINT64_MAX;
	e->pending_flush = FLUSH_NONE;
	e->skip_icount = UINT64_MAX;
	e->pause = UINT64_MAX;
	e->page_flags = calloc(e->pages, sizeof *e->page_flags);
	e->page_epoch = calloc(e->pages, sizeof *e->page_epoch);
	e->tables = calloc(e->pages, sizeof *e->tables);
	uc_err err = uc_open(e->target->arch, e->target->mode, &e->uc);
	if (err == UC_ERR_OK)
		err = uc_ctl_exits_enable(e->uc);
	/* RAM must be the library's first block, so that its addresses are offsets. */
	if (err == UC_ERR_OK)
		err = uc_mem_map_ptr(e->uc, 0, config->ram_size, UC_PROT_ALL, config->ram);
	if (err != UC_ERR_OK || !e->page_flags || !e->page_epoch || !e->tables) {
		snprintf(error, error_size, "%s", err ? uc_strerror(err) : "out of memory");
		vmrr_close(e);
		return NULL;
	}
	e->target->init(e);
	bound_code_cache(e);
	e->ram_region = real_memory_mapping(e->uc, 0);
	e->cpu->engine = e;
	e->cpu->budget = 0;
	e->target->reset(e);
	return e;
}

void vmrr_close(struct vmrr_engine *e)
{
	engine_free_breaks(e);
	if (e->cpu) {
		e->cpu->breakpoints = NULL;
		e->cpu->breakpoints_last = &e->cpu->breakpoints;
		e->cpu->engine = NULL;
		e->ram_region = NULL;
		AT(e->tcg, TCG_PROLOGUE, void *) = e->enter;
	}
	if (e->uc)
		uc_close(e->uc);
	free(e->stored.slots);
	free(e->stored_physical.slots);
	free(e->page_flags);
	free(e->page_epoch);
	free(e->tables);
	free(e);
}

const char *vmrr_error(struct vmrr_engine *e)
{
	return e->error;
}

/* The count at which the library's loop is left follows from what is wanted. */
static void update_limit(struct vmrr_engine *e);

/* Runs to the limit that is set. */
static int run_to_limit(struct vmrr_engine *e)
{
	struct qemu_cpu *cpu = e->cpu;
	cpu->exception_index = -1;
	e->running = true;
	uc_err err = uc_emu_start(e->uc, e->target->start_pc(e), UINT64_MAX, 0, 0);
	e->running = false;
	if (err != UC_ERR_OK)
		engine_fail(e, "libunicorn stopped at pc %#llx: %s",
			    (unsigned long long)e->target->linear_pc(e), uc_strerror(err));
	if (e->error[0])
		return VMRR_STOP_ERROR;
	if (e->shutdown)
		return VMRR_STOP_RESET;
	if (cpu->budget == 0)
		return e->stopped_by_request ? VMRR_STOP_REQUEST : VMRR_STOP_LIMIT;
	if (e->hit_break)
		return VMRR_STOP_BREAK;
	if (cpu->halted)
		return VMRR_STOP_HALT;
	engine_fail(e, "libunicorn stopped at pc %#llx with %lld instructions left and no reason",
		    (unsigned long long)e->target->linear_pc(e), (long long)cpu->budget);
	return VMRR_STOP_ERROR;
}

int vmrr_run(struct vmrr_engine *e, uint64_t limit)
{
	struct qemu_cpu *cpu = e->cpu;
	uint64_t before = engine_icount(e);
	if (limit <= before)
		return VMRR_STOP_LIMIT;
	if (e->error[0])
		return VMRR_STOP_ERROR;
	if (cpu->halted && !vmrr_interruptible(e))
		return VMRR_STOP_HALT;
	e->stopped_by_request = e->hit_break = e->shutdown = false;
	e->pause = e->pending_count ? e->pending[0].hit.icount : UINT64_MAX;
	vmrr_set_limit(e, limit);
	e->target->unhide_breaks(e);
	cpu->cflags_next_tb = -1;
	/* A block that re-runs one instruction has no breakpoints in it. */
	if (e->skip_break && e->skip_icount == before && e->skip_pc == e->target->linear_pc(e))
		cpu->cflags_next_tb = CF_LAST_IO | 1;
	e->skip_break = false;
	for (;;) {
		int why = run_to_limit(e);
		bool watched = e->pending_count &&
			       e->pending[0].hit.icount == engine_icount(e) &&
			       engine_watch_stops(e);
		if (watched && why != VMRR_STOP_RESET && why != VMRR_STOP_ERROR)
			return VMRR_STOP_WATCH;
		/* A pause is not for the caller. */
		if (why != VMRR_STOP_LIMIT || engine_icount(e) >= e->wanted)
			return why;
		if (cpu->halted && !vmrr_interruptible(e))
			return VMRR_STOP_HALT;
		e->pause = UINT64_MAX;
		update_limit(e);
		cpu->cflags_next_tb = -1;
	}
}

void vmrr_request_stop(struct vmrr_engine *e)
{
	atomic_store(&e->stop_requested, true);
	/* Leave chained blocks at the next head; the flag is looked at before
	 * translated code is entered again, so a lost kick loses nothing. */
	__atomic_store_n(&e->cpu->icount_decr->high, 0xffff, __ATOMIC_SEQ_CST);
}

static void update_limit(struct vmrr_engine *e)
{
	uint64_t now = engine_icount(e);
	uint64_t limit = e->wanted < e->pause ? e->wanted : e->pause;
	if (limit < now)
		limit = now;
	if (limit - now > INT64_MAX)
		limit = now + INT64_MAX;
	e->limit = limit;
	e->cpu->budget = (int64_t)(limit - now);
}

void engine_pause(struct vmrr_engine *e, uint64_t icount)
{
	if (icount < e->pause)
		e->pause = icount;
	update_limit(e);
}

void vmrr_set_limit(struct vmrr_engine *e, uint64_t limit)
{
	e->wanted = limit;
	update_limit(e);
}

uint64_t vmrr_icount(struct vmrr_engine *e)
{
	return engine_icount(e);
}

void vmrr_set_icount(struct vmrr_engine *e, uint64_t icount)
{
	e->limit = icount;
	e->cpu->budget = 0;
	e->skip_break = false;
	e->skip_icount = UINT64_MAX;
	e->pending_count = 0;
	e->delivered = 0;
}

void vmrr_set_clock(struct vmrr_engine *e, uint32_t shift, uint64_t warp)
{
	e->shift = shift;
	e->warp = warp;
}

/* interrupt_request makes the main loop ask; the kick makes it come round. */
static void update_pins(struct vmrr_engine *e)
{
	if (!e->intr && !e->nmi) {
		e->cpu->interrupt_request &= ~CPU_INTERRUPT_HARD;
		return;
	}
	e->cpu->interrupt_request |= CPU_INTERRUPT_HARD;
	if (e->running)
		e->cpu->icount_decr->high = 0xffff;
}

void vmrr_set_interrupt(struct vmrr_engine *e, bool high)
{
	if (e->intr != high) {
		e->intr = high;
		update_pins(e);
	}
}

void vmrr_set_nmi(struct vmrr_engine *e, bool pending)
{
	e->nmi = pending;
	update_pins(e);
}

void vmrr_set_a20(struct vmrr_engine *e, bool high)
{
	if (e->a20 != high) {
		e->a20 = high;
		e->target->flush_tlb(e);
	}
}

bool vmrr_delivered(struct vmrr_engine *e)
{
	return e->delivered == engine_icount(e) + 1;
}

bool vmrr_halted(struct vmrr_engine *e)
{
	return e->cpu->halted != 0;
}

bool vmrr_interruptible(struct vmrr_engine *e)
{
	return (e->nmi && e->target->interruptible(e, true)) ||
	       (e->intr && e->target->interruptible(e, false));
}

bool vmrr_interrupts_enabled(struct vmrr_engine *e)
{
	return e->target->interruptible(e, false);
}

bool vmrr_translate(struct vmrr_engine *e, uint64_t linear, uint64_t *pa)
{
	return e->target->translate(e, linear, pa);
}

void vmrr_invalidate(struct vmrr_engine *e, uint64_t pa, uint64_t size)
{
	bool tables = false;
	uint64_t end = pa + size;
	for (uint64_t at = pa & ~4095ull; at < end; at += 4096) {
		uint64_t offset = ram_offset(e, at);
		if (offset == UINT64_MAX)
			continue;
		mark_dirty(e, offset);
		tables |= e->page_flags[offset >> 12] & PAGE_HAS_TABLE;
		e->target->drop_code(e, offset, 4096);
	}
	if (tables)
		e->target->flush_tlb(e);
}

uint32_t vmrr_dirty_epoch(struct vmrr_engine *e)
{
	/* No page may stay writable in the TLB: its next store must be seen. */
	e->target->flush_tlb(e);
	return ++e->epoch;
}

const uint32_t *vmrr_page_epochs(struct vmrr_engine *e)
{
	return e->page_epoch;
}

void vmrr_flush_tlb(struct vmrr_engine *e)
{
	e->target->flush_tlb(e);
}

void vmrr_stats(struct vmrr_engine *e, struct vmrr_stats *out)
{
	*out = e->stats;
}
