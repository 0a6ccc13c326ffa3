declare module "*.json?pda" {
  const texts: Record<string, string>;
  export default texts;
}

declare module "*.json?refusals" {
  const texts: Record<string, string>;
  export default texts;
}
