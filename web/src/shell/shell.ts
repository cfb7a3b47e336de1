// What all pages share beside their content: commands, their keys, the list of them.

import { chooseTheme } from "../base/color-theme";
import { Lifetime } from "../base/lifetime";
import { navigate } from "../pages/route";
import { openAbout } from "./about";
import { listenForCommandKeys, registerCommand } from "./commands";
import { openHelp } from "./help";
import { openPalette } from "./palette";
import { placeToasts } from "./toasts";

export function startShell(lifetime: Lifetime): void {
  placeToasts();
  listenForCommandKeys(lifetime);
  const section = "Everywhere";
  registerCommand(lifetime, { id: "shell.palette", title: "Find a command", section, keys: ["Ctrl+K"], run: openPalette });
  registerCommand(lifetime, { id: "shell.help", title: "Show all keys", section, keys: ["?"], run: openHelp });
  registerCommand(lifetime, { id: "shell.runs", title: "Go to all runs", section, run: () => navigate("/") });
  registerCommand(lifetime, { id: "shell.theme.light", title: "Light colours", section, run: () => chooseTheme("light") });
  registerCommand(lifetime, { id: "shell.theme.dark", title: "Dark colours", section, run: () => chooseTheme("dark") });
  registerCommand(lifetime, { id: "shell.theme.system", title: "Colours as the system has them", section, run: () => chooseTheme("system") });
  registerCommand(lifetime, { id: "shell.about", title: "About teltel: version and licences", section, run: openAbout });
}
