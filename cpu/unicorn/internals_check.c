/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Is the loaded libunicorn the build whose insides this package knows? Its
 * build ID pins every layout and number that is assumed. Beside it, the offsets
 * that the public interface can reach are proved by using them, so that a library
 * that only claims to be the right one is refused too; the self-test's guest
 * exercises the rest.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "internals_x86.h"
#include "target.h"

#define TARGET x86_64

#define SUPPORTED_NAME "libunicorn 2.0.1.post1 (Debian 2.0.1.post1-1+b1, amd64)"
#define SUPPORTED_BUILD_ID "f439d3d09a3fefbcc7d4014bd3f67c12d55957e6"

static char message[1024];
static char library_path[256];
static char build_id[64];

/* dl_iterate_phdr: finds the object that holds uc_open, and its build ID. */
static int find_library(struct dl_phdr_info *info, size_t size, void *data)
{
	uintptr_t want = (uintptr_t)data;
	bool here = false;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		here |= p->p_type == PT_LOAD &&
			want - (info->dlpi_addr + p->p_vaddr) < p->p_memsz;
	}
	if (!here)
		return 0;
	snprintf(library_path, sizeof library_path, "%s", info->dlpi_name);
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type != PT_NOTE)
			continue;
		const char *at = (const char *)info->dlpi_addr + p->p_vaddr;
		const char *end = at + p->p_memsz;
		while (at + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *n = (const void *)at;
			const unsigned char *desc = (const void *)(at + sizeof *n + ((n->n_namesz + 3) & ~3u));
			if (n->n_type == NT_GNU_BUILD_ID && n->n_descsz <= 20)
				for (unsigned k = 0; k < n->n_descsz; k++)
					sprintf(build_id + 2 * k, "%02x", desc[k]);
			at = (const char *)desc + ((n->n_descsz + 3) & ~3u);
		}
	}
	return 1;
}

static void identify(void)
{
	if (!library_path[0]) {
		void *open = dlsym(RTLD_NEXT, "uc_open");
		dl_iterate_phdr(find_library, open ? open : (void *)uc_open);
	}
}

const char *vmrr_library_path(void)
{
	identify();
	return library_path;
}

const char *vmrr_library_build_id(void)
{
	identify();
	return build_id;
}

static const char *refuse(const char *what)
{
	snprintf(message, sizeof message,
		 "%s with build ID %s is not supported: %s; the engine depends on the insides of %s, build ID %s",
		 library_path[0] ? library_path : "the linked libunicorn",
		 build_id[0] ? build_id : "(none)", what, SUPPORTED_NAME, SUPPORTED_BUILD_ID);
	return message;
}

/* Every function that is interposed or called under a target's suffix. */
static const char *const symbols[] = {
	"memory_mapping", "qemu_system_reset_request",
	"gen_intermediate_code_x86_64", "tcg_gen_brcondi_i32_x86_64",
	"restore_state_to_opc_x86_64", "check_exit_request_x86_64", "tcg_emit_op_x86_64", "tcg_temp_new_internal_x86_64",
	"tcg_temp_free_internal_x86_64", "tcg_gen_op3_x86_64", "tcg_gen_brcondi_i64_x86_64",
	"tcg_tb_lookup_x86_64", "tcg_tb_foreach_x86_64", "tb_phys_invalidate_x86_64",
	"cpu_io_recompile_x86_64", "tlb_set_page_with_attrs_x86_64", "tlb_set_dirty_x86_64",
	"tlb_reset_dirty_x86_64", "tlb_flush_page_x86_64", "tlb_flush_x86_64", "tb_flush_x86_64",
	"tlb_protect_code_x86_64", "tlb_unprotect_code_x86_64", "page_collection_lock_x86_64",
	"page_collection_unlock_x86_64", "tb_invalidate_phys_page_fast_x86_64",
	"tb_invalidate_phys_range_x86_64", "cpu_loop_exit_noexc_x86_64", "cpu_restore_state_x86_64",
	"cpu_breakpoint_insert_x86_64", "cpu_breakpoint_remove_by_ref_x86_64",
	"breakpoint_handler_x86_64", "x86_cpu_tlb_fill_x86_64", "raise_exception_err_ra_x86_64",
	"x86_cpu_do_interrupt_x86_64", "do_interrupt_x86_hardirq_x86_64",
	"x86_cpu_exec_interrupt_x86_64", "helper_raise_interrupt_x86_64", "raise_interrupt_x86_64",
	"helper_raise_exception_x86_64", "raise_exception_err_x86_64",
	"helper_into_x86_64", "cpu_cc_compute_all_x86_64", "cpu_lduw_mmuidx_ra_x86_64", "helper_inb_x86_64", "helper_inw_x86_64",
	"helper_inl_x86_64", "helper_outb_x86_64", "helper_outw_x86_64", "helper_outl_x86_64",
	"cpu_get_tsc_x86_64", "helper_rdpmc_x86_64", "helper_rdrand_x86_64", "helper_cpuid_x86_64",
	"helper_read_crN_x86_64", "helper_write_crN_x86_64", "cpu_x86_update_cr0_x86_64",
	"cpu_x86_update_cr3_x86_64", "cpu_x86_update_cr4_x86_64", "cpu_x86_update_dr7_x86_64",
	"helper_read_eflags_x86_64", "helper_write_eflags_x86_64", "helper_syscall_x86_64", "helper_sysenter_x86_64", "tcg_gen_op2_x86_64", "tcg_gen_callN_x86_64",
	"tcg_gen_qemu_ld_i32_x86_64", "tcg_gen_qemu_ld_i64_x86_64", "tcg_gen_qemu_st_i32_x86_64",
	"tcg_gen_qemu_st_i64_x86_64", "helper_cc_compute_all_x86_64",
	"tcg_global_mem_new_internal_x86_64", "helper_cmpxchg8b_unlocked_x86_64",
	"helper_cmpxchg16b_unlocked_x86_64",
	"cpu_ldub_code_x86_64",
	"helper_rdmsr_x86_64", "helper_wrmsr_x86_64", "qemu_get_cpu_x86_64",
};

extern void *T(qemu_get_cpu)(void *uc, int index);

/* Writes a value through the public interface and looks for it at an offset. */
static bool lands(uc_engine *uc, int reg, const void *base, size_t offset, size_t size)
{
	uint64_t value[2] = { 0x51a2b3c4d5e6f708, 0x1122334455667788 };
	uint64_t old[2] = { 0 };
	uc_reg_read(uc, reg, old);
	uc_reg_write(uc, reg, value);
	bool same = memcmp((const char *)base + offset, value, size) == 0;
	uc_reg_write(uc, reg, old);
	return same;
}

#define LANDS(reg, field, size) lands(uc, UC_X86_REG_##reg, x, offsetof(struct x86_env, field), size)

static const char *check_x86(uc_engine *uc)
{
	struct qemu_cpu *cpu = T(qemu_get_cpu)(uc, -1);
	if (!cpu || AT(uc, UC_CPU, void *) != cpu)
		return "uc_struct.cpu is not where it should be";
	struct x86_env *x = cpu->env;
	if ((char *)x != (char *)cpu + X86_ENV_OFFSET || cpu->uc != uc || cpu->cpu_index != -1)
		return "CPUState has another layout";
	extern void memory_map_io_x86_64(void);
	if (AT(uc, UC_MEMORY_MAP_IO, void *) != (void *)memory_map_io_x86_64)
		return "uc_struct.memory_map_io is not where it should be";
	static const int gprs[16] = { UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX,
				      UC_X86_REG_RSP, UC_X86_REG_RBP, UC_X86_REG_RSI, UC_X86_REG_RDI,
				      UC_X86_REG_R8, UC_X86_REG_R9, UC_X86_REG_R10, UC_X86_REG_R11,
				      UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15 };
	for (int i = 0; i < 16; i++)
		if (!lands(uc, gprs[i], x, 8 * i, 8))
			return "a general register is not where it should be";
	if (!LANDS(CR2, cr[2], 8) || !LANDS(DR0, dr[0], 8) || !LANDS(DR3, dr[3], 8) ||
	    !LANDS(FS_BASE, segs[FS].base, 8) || !LANDS(GS_BASE, segs[GS].base, 8) ||
	    !LANDS(XMM0, xmm[0], 16) || !LANDS(XMM15, xmm[15], 16) || !LANDS(MXCSR, mxcsr, 4) ||
	    !LANDS(ST0, fpregs[0], 10) || !LANDS(FPCW, fpuc, 2))
		return "a system, SSE or FPU register is not where it should be";
	uc_x86_msr star = { 0xc0000081, 0x0123456789abcdef };
	uc_reg_write(uc, UC_X86_REG_MSR, &star);
	bool star_ok = x->star == star.value;
	star.value = 0;
	uc_reg_write(uc, UC_X86_REG_MSR, &star);
	if (!star_ok)
		return "the MSRs are not where they should be";
	/* What the library sets up for a fresh 64-bit CPU. */
	if (x->efer != 0x500 || x->old_exception != -1 || x->dr[7] != 0x400 ||
	    x->pat != 0x0007040600070406 || x->misc_enable != 0)
		return "a fresh CPU does not look as it should";
	if (x->features[FEAT_1_EDX] != 0x7088100 || x->features[FEAT_1_ECX] != 0x2182200 ||
	    x->features[FEAT_7_0_EBX] != 0x180108)
		return "the CPUID features are not where they should be";
	/* cpu_exit, as uc_emu_stop calls it, sets exit_request and the kick. */
	uint32_t kick = cpu->icount_decr->both;
	cpu->exit_request = 0;
	uc_emu_stop(uc);
	bool exit_ok = cpu->exit_request == 1 && cpu->icount_decr->high == 0xffff;
	cpu->exit_request = 0;
	cpu->icount_decr->both = kick;
	if (!exit_ok)
		return "cpu_exit does not set what it should";
	char *tcg = AT(uc, UC_TCG_CTX, char *);
	struct tcg_region *r = &AT(tcg, TCG_REGION, struct tcg_region);
	char *buffer = AT(tcg, TCG_CODE_BUFFER, char *);
	char *prologue = AT(tcg, TCG_PROLOGUE, char *);
	size_t beyond = buffer + AT(tcg, TCG_CODE_BUFFER_SIZE, size_t) - (char *)r->end;
	if (r->count != 1 || r->current > 1 || buffer != r->start || beyond > 8192 ||
	    prologue >= buffer || buffer - prologue > 4096 || AT(tcg, TCG_CPU_ENV, uint64_t) > 0x10000)
		return "TCGContext has another layout";
	return NULL;
}

const char *vmrr_check_library(void)
{
	static bool checked;
	static const char *verdict;
	if (checked)
		return verdict;
	checked = true;
	identify();
	if (strcmp(build_id, SUPPORTED_BUILD_ID) != 0)
		return verdict = refuse("it is another build");
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
		if (!original(symbols[i])) {
			static char missing[96];
			snprintf(missing, sizeof missing, "it has no function %s", symbols[i]);
			return verdict = refuse(missing);
		}
	uc_engine *uc;
	if (uc_open(UC_ARCH_X86, UC_MODE_64, &uc) != UC_ERR_OK)
		return verdict = refuse("it cannot open an x86_64 CPU");
	/* The library initialises a CPU at the first call that needs it. */
	uint64_t rax;
	uc_reg_read(uc, UC_X86_REG_RAX, &rax);
	const char *wrong = check_x86(uc);
	uc_close(uc);
	return verdict = wrong ? refuse(wrong) : NULL;
}
