"""An errand for a coding agent: the provider has it write a file with the agent's own tool, read it back with another
call, and then says what was read. The prompt asks for it with [[write=PATH]]."""

import re

CONTENT = "written by an agent: “é”\n"
PATCH = "*** Begin Patch\n*** Add File: {path}\n+{line}\n*** End Patch"


def write_with(tools, path):
    """(tool, arguments) for whichever of the agents' tools there is. A text as arguments is for a free-form tool."""
    if "Write" in tools:  # Claude Code
        return "Write", {"file_path": path, "content": CONTENT}
    if "apply_patch" in tools:  # Codex, for models that it knows
        patch = PATCH.format(path=path, line=CONTENT.rstrip("\n"))
        return "apply_patch", patch if tools["apply_patch"] is None else {"input": patch}
    return run_with(tools, f"cat > '{path}' <<'END'\n{CONTENT}END")


def run_with(tools, command):
    if "Bash" in tools:  # Claude Code
        return "Bash", {"command": command, "description": "read the file back"}
    for name, arguments in (("exec_command", {"cmd": command}), ("shell_command", {"command": command}),
                            ("shell", {"command": ["bash", "-c", command]})):
        if name in tools:  # Codex
            return name, arguments
    raise AssertionError(f"an agent without a tool that runs a command: {sorted(tools)}")


def errand_of(asked):
    """The path of the file to write, or None."""
    found = [re.search(r"\[\[write=(\S+?)\]\]", part[1]) for role, parts in asked.turns if role == "user"
             for part in parts if part[0] == "text"]
    return next((match[1] for match in found if match), None)


def go_on(asked, reply, path):
    results = asked.parts("tool_result")
    if len(results) == 2:
        reply.text = f"Done. The file says: {results[-1][3].strip().splitlines()[-1]}"
        return
    call = write_with(asked.tools, path) if not results else run_with(asked.tools, f"cat '{path}'")
    reply.text = "I will write it. " if not results else ""
    reply.calls = [(f"call_{len(results)}x", *call)]
    reply.finish = "tools"
