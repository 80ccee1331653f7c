/* SPDX-License-Identifier: MIT
 * What true(1) is: the least that starting a program costs.
 */
int main(void)
{
	return 0;
}
