import { Budget } from "./budget.ts";
import { type Diagram, Diagrams, FALSE, type Point, TRUE } from "./diagram.ts";
import { Regions } from "./regions.ts";
import { type Cells, type DimensionOf, type Kind, placed, type Space } from "./space.ts";
import type { SpendCell } from "./spend.ts";
import { canCostAnything, wishedReach } from "./wished.ts";

/** A space with the diagrams over it. */
export class Axes {
  readonly space: Space;
  readonly regions: Regions;
  /** Where there surely are requests: tokens and costs of the rest may contradict each other. */
  readonly proven: Diagram;
  readonly embeds: Diagram;

  constructor(space: Space, maxNodes: number) {
    this.space = space;
    this.regions = new Regions(
      new Diagrams(
        space.dimensions.map(({ cells }) => cells.length),
        maxNodes,
      ),
    );
    this.embeds = this.where("form", ([form]) => form?.task === "embedding");
    const budget = new Budget(maxNodes);
    this.proven = this.byTask((embeds) => this.#proven(embeds, budget));
  }

  /** Where the cells of one dimension hold; nowhere if there is no such dimension. */
  where<K extends Kind>(
    kind: K,
    holds: (cell: Cells[K], of: DimensionOf<K>) => boolean,
    isMeant: (dimension: DimensionOf<K>) => boolean = () => true,
  ): Diagram {
    for (const { level, dimension } of placed(this.space, kind)) {
      if (!isMeant(dimension)) continue;
      return this.regions.diagrams.ofCells(level, (index) => {
        const cell = dimension.cells[index];
        if (cell === undefined) throw new Error("a dimension has no such cell");
        return holds(cell, dimension);
      });
    }
    return FALSE;
  }

  /** One region for requests that embed and another for all others. */
  byTask(regionFor: (embeds: boolean) => Diagram): Diagram {
    const { regions, embeds } = this;
    return regions.or(regions.and(embeds, regionFor(true)), regions.without(regionFor(false), embeds));
  }

  /** Where the cells of tokens and costs hold. */
  whereSpend(holds: (cell: SpendCell, of: DimensionOf<"spend">) => boolean): Diagram {
    return this.byTask((embeds) => this.where("spend", holds, (dimension) => dimension.embeds === embeds));
  }

  #proven(embeds: boolean, budget: Budget): Diagram {
    const [spend] = placed(this.space, "spend").filter(({ dimension }) => dimension.embeds === embeds);
    const [wished] = placed(this.space, "wished").filter(({ dimension }) => dimension.embeds === embeds);
    if (spend === undefined || wished === undefined) throw new Error("a space has no tokens");
    const { bills, cells } = wished.dimension;
    const { diagrams } = this.regions;
    return diagrams.byCell(spend.level, (index) => {
      const samples = spend.dimension.cells[index]?.samples ?? [];
      if (canCostAnything(samples, bills)) return TRUE;
      const isReached = wishedReach(samples, bills, budget);
      return diagrams.ofCells(wished.level, (cell) => isReached(cells[cell] ?? []));
    });
  }

  /** Whether there is a request in a region; `unknown` where only tokens and costs are left that nobody found. */
  exists(region: Diagram): "yes" | "no" | "unknown" {
    if (region === FALSE) return "no";
    return this.regions.isApart(region, this.proven) ? "unknown" : "yes";
  }

  /** The plainest request of a region in which there is one. */
  plainest(region: Diagram): Point {
    const point = this.regions.first(this.regions.and(region, this.proven));
    if (point === null) throw new Error("a region was taken for one with requests in it");
    return point;
  }
}
