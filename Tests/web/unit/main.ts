import "./format-tests";
import "./series-tests";
import "./rows-tests";
import "./hole-tests";
import "./columns-tests";
import "./time-tests";
import "./route-tests";
import "./run-tests";
import "./run-list-tests";
import "./shell-tests";
import "./failure-tests";
import "./layout-tests";
import "./panel-kind-tests";
import { summarise } from "./harness";

summarise();
