/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The C face of the engine: what the Go side of this package calls.
 *
 * An engine is one guest CPU over libunicorn with exact instruction counting.
 * It belongs to the thread that runs it; only vmrr_request_stop may be called
 * from another. Every function here works between runs, and those marked
 * "callback" also from within a callback of the run in progress.
 */
#ifndef VMRR_H
#define VMRR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmrr_engine;

/* A stretch of guest physical address space that is RAM, and where it lies in
 * the one host mapping that holds all RAM. All three are multiples of 4 KiB. */
struct vmrr_region {
	uint64_t pa, size, offset;
};

/* One CPUID answer. any_subleaf: ECX on input does not matter. */
struct vmrr_cpuid {
	uint32_t leaf, subleaf, any_subleaf;
	uint32_t eax, ebx, ecx, edx;
};

#define VMRR_MAX_REGIONS 4
#define VMRR_MAX_CPUID 32

struct vmrr_config {
	void *ram; /* host mapping, page-aligned */
	uint64_t ram_size;
	struct vmrr_region regions[VMRR_MAX_REGIONS];
	uint32_t region_count;
	uint64_t code_cache; /* bytes of translated code kept */
	uintptr_t token; /* handed back to the callbacks */
	struct vmrr_cpuid cpuid[VMRR_MAX_CPUID];
	uint32_t cpuid_count;
	uint32_t phys_bits; /* MAXPHYADDR: page-table bits from here to 51 are reserved */
};

enum vmrr_stop { /* as cpu.StopReason */
	VMRR_STOP_LIMIT,
	VMRR_STOP_BREAK,
	VMRR_STOP_HALT,
	VMRR_STOP_RESET,
	VMRR_STOP_REQUEST,
	VMRR_STOP_WATCH, /* vmrr_hits says which */
	VMRR_STOP_ERROR, /* vmrr_error says what */
};

/* The identity and layout checks of the loaded libunicorn; NULL if it is the
 * supported build, else a sentence that says what was found (static storage). */
const char *vmrr_check_library(void);
const char *vmrr_library_path(void);
const char *vmrr_library_build_id(void);

struct vmrr_engine *vmrr_open(const struct vmrr_config *config, char *error, size_t error_size);
void vmrr_close(struct vmrr_engine *e);
const char *vmrr_error(struct vmrr_engine *e);

int vmrr_run(struct vmrr_engine *e, uint64_t limit);
void vmrr_request_stop(struct vmrr_engine *e); /* any thread */

/* callback: all of these */
void vmrr_set_limit(struct vmrr_engine *e, uint64_t limit);
uint64_t vmrr_icount(struct vmrr_engine *e);
void vmrr_set_icount(struct vmrr_engine *e, uint64_t icount); /* not in a run */
void vmrr_set_clock(struct vmrr_engine *e, uint32_t shift, uint64_t warp);
void vmrr_set_interrupt(struct vmrr_engine *e, bool high);
void vmrr_set_nmi(struct vmrr_engine *e, bool pending);
void vmrr_set_a20(struct vmrr_engine *e, bool high);
bool vmrr_delivered(struct vmrr_engine *e);
bool vmrr_halted(struct vmrr_engine *e);
bool vmrr_interruptible(struct vmrr_engine *e); /* one is pending and would be taken */
bool vmrr_interrupts_enabled(struct vmrr_engine *e);

bool vmrr_translate(struct vmrr_engine *e, uint64_t linear, uint64_t *pa);
void vmrr_invalidate(struct vmrr_engine *e, uint64_t pa, uint64_t size);

void vmrr_insert_break(struct vmrr_engine *e, uint64_t linear);
void vmrr_remove_break(struct vmrr_engine *e, uint64_t linear);
void vmrr_skip_break(struct vmrr_engine *e);

/* What a watchpoint looks for; values as cpu.WatchKind. */
enum vmrr_watch_kind {
	VMRR_WATCH_NONE, /* in a hit: it is a breakpoint's */
	VMRR_WATCH_CHANGE, /* a store that changes the value */
	VMRR_WATCH_LOAD,
	VMRR_WATCH_ACCESS, /* a load or a store */
};

struct vmrr_watch {
	uint64_t addr, size; /* bytes */
	uint32_t kind;
	bool physical; /* addr is a guest physical address, else a linear one */
};

#define VMRR_MAX_WATCHES 64

bool vmrr_insert_watch(struct vmrr_engine *e, const struct vmrr_watch *w); /* false: too many */
void vmrr_remove_watch(struct vmrr_engine *e, const struct vmrr_watch *w);

enum vmrr_hit_mode { /* as cpu.HitMode */
	VMRR_HIT_STOPS,
	VMRR_HIT_IGNORED,
	VMRR_HIT_COUNTED,
};

/* A breakpoint's hit: addr is its linear address, icount where the run would have
 * stopped, before the instruction. A watchpoint's: addr is the first byte that was
 * accessed, icount counts the instruction that did it. */
struct vmrr_hit {
	uint64_t icount, addr;
	uint32_t watch; /* kind; VMRR_WATCH_NONE: a breakpoint */
	bool store;
};

struct vmrr_hits {
	uint64_t count;
	struct vmrr_hit last;
};

/* From now on hits do what mode says. Counted ones end a run when there are
 * enough of them; 0: they never do. */
void vmrr_set_hit_mode(struct vmrr_engine *e, int mode, uint64_t enough);
/* The hits counted since then, and the last hit; also that of a VMRR_STOP_WATCH. */
void vmrr_hits(struct vmrr_engine *e, struct vmrr_hits *out);

uint32_t vmrr_dirty_epoch(struct vmrr_engine *e);
const uint32_t *vmrr_page_epochs(struct vmrr_engine *e); /* one per page of the mapping */

/* The linear pages, in whatever address space, or the physical ones that were stored to
 * since the last vmrr_forget_stores, and perhaps others. Slots of the array hold the
 * number of a page + 1, or 0. */
const uint64_t *vmrr_stored_pages(struct vmrr_engine *e, bool physical, uint32_t *slots);
void vmrr_forget_stores(struct vmrr_engine *e);

/* Drops every cached translation of the guest's page tables. It must never
 * change what the guest sees; tests call it at random to prove that. */
void vmrr_flush_tlb(struct vmrr_engine *e);

struct vmrr_stats {
	uint64_t translated_blocks;
	uint64_t cache_flushes;
	uint64_t tlb_fills;
	uint64_t exceptions;
	uint64_t interrupts;
	uint64_t restarts; /* instructions run again alone to make a device access exact */
};
void vmrr_stats(struct vmrr_engine *e, struct vmrr_stats *out);

/* ---- x86 ---- */

struct vmrr_x86_segment {
	uint64_t base;
	uint32_t selector, limit;
	uint32_t flags; /* bits 8..23 of the descriptor's second word, in place */
	uint32_t pad;
};

/* The architectural state of an x86_64 CPU at an instruction boundary, and the
 * hidden state that later behaviour depends on. Plain data, no pointers. */
struct vmrr_x86_state {
	uint64_t regs[16]; /* RAX RCX RDX RBX RSP RBP RSI RDI R8..R15 */
	uint64_t rip, rflags;
	struct vmrr_x86_segment segs[6]; /* ES CS SS DS FS GS */
	struct vmrr_x86_segment ldt, tr, gdt, idt;
	uint64_t cr0, cr2, cr3, cr4;
	uint64_t dr[8];
	uint64_t efer, star, lstar, cstar, fmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t pat, tsc_aux, tsc_adjust, misc_enable;
	uint64_t mtrr_fixed[11], mtrr_def_type, mtrr_var[16];
	uint8_t fpr[8][16]; /* 80-bit values, physical order, upper 6 bytes zero */
	uint8_t fp_tags[8]; /* 1 = empty */
	uint8_t fp_status[8], mmx_status[8], sse_status[8]; /* softfloat modes and flags */
	uint64_t fp_ip, fp_dp;
	uint32_t fp_top;
	uint16_t fpus, fpuc, fp_op, fp_cs, fp_ds, fp_pad;
	uint32_t mxcsr, reserved;
	uint8_t xmm[16][16];
	uint32_t hflags, hflags2; /* libunicorn's; hflags 0 = derive it on load */
	uint8_t halted, nmi_pending, a20, pad[5];
};

void vmrr_x86_get_state(struct vmrr_engine *e, struct vmrr_x86_state *s);
void vmrr_x86_set_state(struct vmrr_engine *e, const struct vmrr_x86_state *s);
void vmrr_x86_reset(struct vmrr_engine *e);

#endif
