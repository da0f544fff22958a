import { memoryStore } from "omniforge/store";
import { testStore } from "omniforge/testing";
import { describe, it } from "vitest";

testStore("memory", memoryStore, { describe, it });
