/** `omniforge completion bash|zsh|fish`: a script that lets the shell complete commands and options. */
import { exitCodes, type ExitCode } from "../exit-code.ts";

export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly { readonly flag: string; readonly description: string }[];
  /** What its first argument may be, where that is one of a few words. */
  readonly choices: readonly string[];
}

export type Shell = "bash" | "zsh" | "fish";

/** Prints the script; it is made of what the program itself knows, so it can't fall behind. */
export function completion(shell: Shell, commands: readonly CommandWords[]): ExitCode {
  process.stdout.write(scripts[shell](commands));
  return exitCodes.done;
}

const words = ({ options, choices }: CommandWords): string =>
  [...choices, ...options.map(({ flag }) => flag)].join(" ");

const scripts: Record<Shell, (commands: readonly CommandWords[]) => string> = {
  bash: (commands) => `# omniforge completion bash >> ~/.bashrc
_omniforge() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(" ")}"
  else
    case "\${COMP_WORDS[1]}" in
${commands.map((command) => `      ${command.name}) words="${words(command)}" ;;`).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _omniforge omniforge
`,
  zsh: (commands) => `#compdef omniforge
# omniforge completion zsh > "\${fpath[1]}/_omniforge"
_omniforge() {
  local -a commands
  commands=(
${commands.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "\${words[2]}" in
${commands.map((command) => `    ${command.name}) compadd -- ${words(command)}; _files ;;`).join("\n")}
  esac
}
if [ "$funcstack[1]" = "_omniforge" ]; then _omniforge "$@"; else compdef _omniforge omniforge; fi
`,
  fish: (commands) =>
    [
      "# omniforge completion fish > ~/.config/fish/completions/omniforge.fish",
      ...commands.flatMap(({ name, description, options, choices }) => [
        `complete -c omniforge -f -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
        ...choices.map(
          (choice) => `complete -c omniforge -f -n '__fish_seen_subcommand_from ${name}' -a ${choice}`,
        ),
        ...options.map(
          (option) =>
            `complete -c omniforge -n '__fish_seen_subcommand_from ${name}' -l ${option.flag.slice(2)} -d ${quoted(option.description)}`,
        ),
      ]),
      "",
    ].join("\n"),
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
