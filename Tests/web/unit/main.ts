import "./format-tests";
import "./stream-tests";
import "./live-store-tests";
import "./stored-series-tests";
import "./bucket-line-tests";
import "./series-tests";
import "./route-tests";
import "./run-tests";
import "./run-list-tests";
import "./shell-tests";
import "./failure-tests";
import "./layout-tests";
import { summarise } from "./harness";

summarise();
