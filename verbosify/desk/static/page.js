// The desk as a page of its own.

import { byId } from "../../web/js/kit.js";
import { mountDesk } from "./desk.js";
import { overHttp } from "./http.js";

mountDesk(byId("desk"), overHttp(), JSON.parse(byId("desk-data").textContent ?? "")).catch((error) => {
  byId("desk").textContent = `The desk could not be opened: ${error.message} Load the page again.`;
});
