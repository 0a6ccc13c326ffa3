declare module "*.json?pda" {
  const texts: Record<string, string>;
  export default texts;
}
