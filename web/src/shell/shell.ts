// What all pages share beside their content: commands, their keys, the list of them.

import { themeChoice } from "../base/color-theme";
import { density } from "../base/density";
import { Lifetime } from "../base/lifetime";
import { navigate } from "../base/navigation";
import { openAbout } from "./about";
import { listenForCommandKeys, registerCommand } from "./commands";
import { nameCutTexts } from "./cut-texts";
import { openHelp } from "./help";
import { openPalette } from "./palette";
import { placeToasts } from "./toasts";

export function startShell(lifetime: Lifetime): void {
  placeToasts();
  listenForCommandKeys(lifetime);
  nameCutTexts(lifetime);
  const section = "Everywhere";
  registerCommand(lifetime, { id: "shell.palette", title: "Find a command", section, keys: ["Ctrl+K"], run: openPalette });
  registerCommand(lifetime, { id: "shell.help", title: "Show all keys", section, keys: ["?"], run: openHelp });
  registerCommand(lifetime, { id: "shell.runs", title: "Go to all runs", section, run: () => navigate("/") });
  registerCommand(lifetime, { id: "shell.theme.light", title: "Light colours", section, run: () => themeChoice.choose("light") });
  registerCommand(lifetime, { id: "shell.theme.dark", title: "Dark colours", section, run: () => themeChoice.choose("dark") });
  registerCommand(lifetime, { id: "shell.theme.system", title: "Colours as the system has them", section, run: () => themeChoice.choose("system") });
  registerCommand(lifetime, { id: "shell.density.compact", title: "Compact rows", section, run: () => density.choose("compact") });
  registerCommand(lifetime, { id: "shell.density.comfortable", title: "Comfortable rows", section, run: () => density.choose("comfortable") });
  registerCommand(lifetime, { id: "shell.about", title: "About teltel: version and licences", section, run: openAbout });
}
