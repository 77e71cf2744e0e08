/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The engine's own structure and what the C files of this package share.
 */
#ifndef VMRR_ENGINE_H
#define VMRR_ENGINE_H

#include <stdatomic.h>
#include <unicorn/unicorn.h>

#include "internals_qemu.h"
#include "vmrr.h"

/* Per RAM page: why guest stores to it must take the slow path. */
#define PAGE_HAS_CODE 1 /* translated code was made from it */
#define PAGE_HAS_TABLE 2 /* a page walk read it since the last full TLB flush */

/* How a page of page-table entries was last used by the walker. */
struct table_use {
	uint64_t va; /* linear address that its first entry maps */
	uint64_t flush; /* the engine's tlb_flushes at that time */
	uint8_t shift; /* log2 of the bytes one entry maps */
	uint8_t entry_size; /* 4 or 8 */
	uint8_t cached; /* the bits an entry has if it can be in the TLB */
	uint8_t shared; /* it was seen with two different uses */
};

/* struct vmrr_engine.pending_flush, when it is not the address of a page */
#define FLUSH_NONE UINT64_MAX
#define FLUSH_ALL (UINT64_MAX - 1)

/* A breakpoint of ours. */
struct vmrr_break {
	struct breakpoint node; /* first: the library's list links these */
	bool armed; /* it is wanted; if not, it is passed over */
	bool listed; /* it is in the library's list */
	uint32_t passes; /* how often it was passed over since then */
	struct vmrr_break *next; /* of all of ours */
};

/* A watchpoint's hit by an instruction that has not retired yet. */
struct pending_watch {
	bool if_changed; /* it is none if the value is still the one before */
	bool delivery; /* a delivery did it, which a fault that follows does not undo */
	struct vmrr_hit hit;
	struct vmrr_watch watch;
	uint8_t before[64];
};

/* A set of pages, by number; open addressing, 0 is an empty slot. */
struct page_set {
	uint64_t *slots; /* page number + 1 */
	uint32_t room, count; /* room is a power of 2, or 0 */
};

struct vmrr_engine {
	const struct vmrr_target *target;
	uc_engine *uc;
	struct qemu_cpu *cpu;
	void *env;
	char *tcg;
	struct vmrr_config config;
	uint8_t *ram;
	uint64_t pages;

	uint8_t reset_status[3][8]; /* the softfloat modes of the reset state */

	/* counting: icount == limit - cpu->budget at every exact point */
	uint64_t limit;
	uint64_t wanted; /* the limit that was asked for */
	uint64_t pause; /* where the run pauses before that, UINT64_MAX if nowhere */
	uintptr_t (*enter)(void *env, void *code); /* the library's own prologue */
	void *count_op; /* the movi of the block being translated, patched with its length */
	bool want_count; /* the next brcond is the head of a block */
	void *flags_kind; /* x86: the translator's variable for what made the flags */

	/* clock */
	uint32_t shift;
	uint64_t warp;

	/* pins */
	bool intr, nmi;
	bool running;
	bool a20;
	atomic_bool stop_requested;
	bool stopped_by_request, shutdown, hit_break;
	char error[256];

	/* INT n: its delivery can fault, and then it has not retired */
	uint64_t int_pc;
	bool int_in_flight;
	/* #DB: for a breakpoint of the guest's, before the instruction, not a trap behind one */
	bool break_fault;
	/* what is being delivered belongs to the instruction that retired last */
	bool delivers_retired;
	/* 1 + the count at which an interrupt or fault was delivered last */
	uint64_t delivered;
	/* deliveries since an instruction last retired */
	uint64_t stuck_icount, stuck_count;

	/* memory */
	void *ram_region; /* libunicorn's MemoryRegion, once running */
	uint8_t *page_flags;
	uint32_t *page_epoch, epoch;
	struct table_use *tables;
	uint64_t tlb_flushes;
	struct page_set stored, stored_physical; /* pages that could be stored to */
	uint64_t stored_flush; /* tlb_flushes when one was entered last */
	uint64_t pending_flush; /* linear address, FLUSH_NONE or FLUSH_ALL */

	/* breakpoints and watchpoints */
	struct vmrr_break *breaks;
	uint32_t disarmed;
	struct breakpoint *hidden_breaks; /* while a block is translated that must not see them */
	bool skip_break;
	uint64_t skip_icount, skip_pc;
	struct vmrr_watch watches[VMRR_MAX_WATCHES];
	uint32_t watch_count;
	uint64_t install_pa; /* of the page that enters the TLB */
	struct pending_watch pending[VMRR_MAX_WATCHES]; /* of one instruction, each watch once */
	uint32_t pending_count;
	enum vmrr_hit_mode hit_mode;
	struct vmrr_hits hits;
	uint64_t enough_hits;

	struct vmrr_stats stats;
};

/* Exactly the instructions retired, at a boundary or within an exact callback. */
static inline uint64_t engine_icount(const struct vmrr_engine *e)
{
	return e->limit - (uint64_t)e->cpu->budget;
}

static inline uint64_t engine_now(const struct vmrr_engine *e)
{
	return (engine_icount(e) << e->shift) + e->warp;
}

/* The engine of a library object, NULL if it is not one of ours. */
static inline struct vmrr_engine *engine_of_uc(void *uc)
{
	struct qemu_cpu *cpu = AT(uc, UC_CPU, struct qemu_cpu *);
	return cpu ? cpu->engine : NULL;
}

/* The offset in the RAM mapping of a guest physical address, or -1. */
static inline uint64_t ram_offset(const struct vmrr_engine *e, uint64_t pa)
{
	for (uint32_t i = 0; i < e->config.region_count; i++) {
		const struct vmrr_region *r = &e->config.regions[i];
		if (pa - r->pa < r->size)
			return r->offset + (pa - r->pa);
	}
	return UINT64_MAX;
}

static inline void mark_dirty(struct vmrr_engine *e, uint64_t offset)
{
	e->page_epoch[offset >> 12] = e->epoch;
}

/* All RAM lies at address 0 of the library's physical space, whatever the
 * guest's own map is, so that its RAM addresses are offsets in our mapping;
 * everything else the guest can address lies from here on. */
#define MMIO_BASE (1ull << 44)
#define MMIO_SIZE (1ull << 40)

void page_set_add(struct page_set *s, uint64_t page);

/* Ends the run after the present instruction, at an exact boundary. */
void engine_stop_soon(struct vmrr_engine *e);
/* Leaves the library's loop at a count, and enters it again: the run goes on. */
void engine_pause(struct vmrr_engine *e, uint64_t icount);
/* Leaves the library's loop before the next block. */
void engine_leave(struct vmrr_engine *e);

/* The CPU is about to run the instruction under a breakpoint of ours. */
enum break_action { BREAK_STOPS, BREAK_PASSES };
enum break_action engine_meet_break(struct vmrr_engine *e, struct breakpoint *node);
void engine_free_breaks(struct vmrr_engine *e);
/* The instruction that is the icount-th, or a delivery that belongs to it, is about
 * to access what w watches, at addr. */
void engine_note_access(struct vmrr_engine *e, const struct vmrr_watch *w, uint64_t addr,
			bool store, uint64_t icount, bool delivery);
/* That instruction has retired: does its hit end the run? */
bool engine_watch_stops(struct vmrr_engine *e);
void engine_fail(struct vmrr_engine *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The original of an interposed function. */
void *original(const char *name);

/* Go, through cgo's export. Exact counts hold in all of them. */
extern uint32_t vmrrPortIn(uintptr_t token, uint16_t port, int size);
extern void vmrrPortOut(uintptr_t token, uint16_t port, int size, uint32_t value);
extern uint64_t vmrrMMIORead(uintptr_t token, uint64_t pa, int size);
extern void vmrrMMIOWrite(uintptr_t token, uint64_t pa, int size, uint64_t value);
extern uint8_t vmrrAckInterrupt(uintptr_t token);
extern uint8_t vmrrTaskPriority(uintptr_t token);
extern void vmrrSetTaskPriority(uintptr_t token, uint8_t value);
extern int vmrrReadMSR(uintptr_t token, uint32_t index, uint64_t *value);
extern int vmrrWriteMSR(uintptr_t token, uint32_t index, uint64_t value);

#endif
