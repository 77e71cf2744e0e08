/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libunicorn holds one copy of QEMU per target, told apart by a suffix on
 * every symbol. The target_*.h files are C source that is compiled once per
 * target with TARGET set to that suffix: one mechanism for all of them.
 *
 * An interposed function is one that we define under the library's own name:
 * the dynamic linker then binds the library's calls to ours, and original()
 * finds the one it replaced. They are process-wide, so each finds its engine
 * from the CPU or uc pointer and passes on when that is not one of ours.
 *
 * What a target must define before including them:
 *	TARGET            the suffix, e.g. x86_64
 *	ENV_OFFSET        where CPU*State lies behind CPUState
 *	INSN_START_WORDS  columns of the search table (TARGET_INSN_START_WORDS)
 *	TB_FLAGS_TO_TRANSLATE(flags)  what the translator is to see of a block's flags
 */
#ifndef VMRR_TARGET_H
#define VMRR_TARGET_H

#include "engine.h"

#define T_PASTE(name, suffix) name##_##suffix
#define T_EXPAND(name, suffix) T_PASTE(name, suffix)
#define T(name) T_EXPAND(name, TARGET)

/* ORIGINAL(type, name, parameters): the library's own function, looked up once. */
#define ORIGINAL_NAME2(n) #n
#define ORIGINAL_NAME(n) ORIGINAL_NAME2(n)
#define ORIGINAL(type, name, ...)                                  \
	static type (*real_##name)(__VA_ARGS__);                   \
	__attribute__((constructor)) static void find_##name(void) \
	{                                                          \
		real_##name = original(ORIGINAL_NAME(T(name)));    \
	}

/* What the target-independent code asks of a target. */
struct vmrr_target {
	const char *name;
	uc_arch arch;
	uc_mode mode;
	void (*init)(struct vmrr_engine *e);
	void (*reset)(struct vmrr_engine *e);
	uint64_t (*start_pc)(struct vmrr_engine *e); /* as uc_emu_start wants it */
	uint64_t (*linear_pc)(struct vmrr_engine *e);
	bool (*interruptible)(struct vmrr_engine *e, bool nmi);
	bool (*translate)(struct vmrr_engine *e, uint64_t linear, uint64_t *pa);
	void (*flush_tlb)(struct vmrr_engine *e);
	void (*drop_code)(struct vmrr_engine *e, uint64_t offset, uint64_t size);
	void (*drop_blocks_over)(struct vmrr_engine *e, uint64_t linear);
	void (*unhide_breaks)(struct vmrr_engine *e);
};

extern const struct vmrr_target vmrr_target_x86_64;

#endif
