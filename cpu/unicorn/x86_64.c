/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The x86_64 target: the mechanism of target_*.h and the x86 parts of x86_*.h,
 * compiled once under the suffix x86_64.
 */
#include <stdlib.h>
#include <string.h>

#define TARGET x86_64
#define ENV_OFFSET X86_ENV_OFFSET
#define INSN_START_WORDS 2 /* pc and cc_op */

#include "internals_x86.h"
#include "target.h"

/* RF lasts for one instruction, but the library clears it at the end of a block,
 * and not at all behind a jump. Made to believe that the block also lies in an
 * interrupt shadow, it translates one instruction and leaves through its own
 * end of block, jumps too. */
#define RFLAGS_RF (1ull << 16)
#define RFLAGS_VM (1ull << 17)
#define TB_FLAGS_TO_TRANSLATE(flags) ((flags) & RFLAGS_RF ? (flags) | HF_INHIBIT_IRQ : (flags))

static void T(make_exact)(struct vmrr_engine *e, uintptr_t ra);
static void T(flush_pending)(struct vmrr_engine *e);

#include "target_count.h"
#include "target_memory.h"
#include "target_debug.h"

#include "x86_decode.h"
#include "x86_walk.h"
#include "x86_flags.h"
#include "x86_interrupt.h"
#include "x86_system.h"
#include "x86_msr.h"
#include "x86_state.h"

extern void *T(qemu_get_cpu)(void *uc, int index);

/* env->features[] from the CPUID leaves: they steer the decoder and EFER. */
static void set_features(struct vmrr_engine *e)
{
	struct x86_env *x = e->env;
	memset(x->features, 0, sizeof x->features);
	for (uint32_t i = 0; i < e->config.cpuid_count; i++) {
		const struct vmrr_cpuid *c = &e->config.cpuid[i];
		switch (c->leaf) {
		case 1:
			x->features[FEAT_1_EDX] = c->edx;
			x->features[FEAT_1_ECX] = c->ecx;
			break;
		case 7:
			if (c->subleaf == 0) {
				x->features[FEAT_7_0_EBX] = c->ebx;
				x->features[FEAT_7_0_ECX] = c->ecx;
				x->features[FEAT_7_0_EDX] = c->edx;
			}
			break;
		case 0x80000001:
			x->features[FEAT_8000_0001_EDX] = c->edx;
			x->features[FEAT_8000_0001_ECX] = c->ecx;
			break;
		case 0x80000007:
			x->features[FEAT_8000_0007_EDX] = c->edx;
			break;
		}
	}
}

static void x86_init(struct vmrr_engine *e)
{
	struct x86_env *x;
	uc_hook hook;
	e->cpu = T(qemu_get_cpu)(e->uc, -1); /* the one CPU has index -1 */
	e->env = x = e->cpu->env;
	e->tcg = AT(e->uc, UC_TCG_CTX, char *);
	e->enter = AT(e->tcg, TCG_PROLOGUE, void *);
	e->flags_kind = flags_kind;
	AT(e->tcg, TCG_PROLOGUE, void *) = T(enter);
	memcpy(e->reset_status[0], x->fp_status, 8);
	memcpy(e->reset_status[1], x->mmx_status, 8);
	memcpy(e->reset_status[2], x->sse_status, 8);
	/* With no stop_interrupt, #UD is delivered like any other exception. */
	AT(e->uc, UC_STOP_INTERRUPT, void *) = NULL;
	if (uc_hook_add(e->uc, &hook, UC_HOOK_INTR, x86_deliver, e, 1, 0) != UC_ERR_OK ||
	    uc_mmio_map(e->uc, MMIO_BASE, MMIO_SIZE, T(mmio_read), e, T(mmio_write), e) != UC_ERR_OK)
		engine_fail(e, "libunicorn took no exception hook or no device memory");
	set_features(e);
}

static uint64_t x86_start_pc(struct vmrr_engine *e)
{
	return ((struct x86_env *)e->env)->eip;
}

static uint64_t x86_linear_pc(struct vmrr_engine *e)
{
	struct x86_env *x = e->env;
	uint64_t linear = x->segs[CS].base + x->eip;
	return x->hflags & HF_CS64 ? linear : (uint32_t)linear;
}

const struct vmrr_target vmrr_target_x86_64 = {
	.name = "x86_64",
	.arch = UC_ARCH_X86,
	.mode = UC_MODE_64,
	.init = x86_init,
	.reset = x86_reset,
	.start_pc = x86_start_pc,
	.linear_pc = x86_linear_pc,
	.interruptible = x86_interruptible,
	.translate = x86_translate,
	.flush_tlb = T(flush_tlb),
	.drop_code = T(drop_code),
	.drop_blocks_over = T(drop_blocks_over),
	.unhide_breaks = T(unhide_breaks),
};
